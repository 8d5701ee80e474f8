"""What the page's events do: one method an event, from the settings it finds to the components it changes.

The only place besides page.py where one tab touches another. Knows the tabs' methods, not their components' events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag_core import RagError, SettingError, Workbench

from .sidebar import Sidebar
from .starting import SAMPLE, Starter
from .tabs.chat import ChatTab
from .tabs.inspect import EXAMPLE, InspectTab
from .tabs.upload import UploadTab
from .views import cells, frame
from .widgets import Now, Updates

_FIRST_INDEX = "documents"  # made by files dropped where there is no index yet
Data = Mapping[str, str]  # the data fields of a clicked button


@dataclass(frozen=True, slots=True)
class Handlers:
    """All parts of the page, and what happens between them."""

    bench: Workbench
    starter: Starter
    side: Sidebar
    upload: UploadTab
    inspect: InspectTab
    chat: ChatTab
    tabs: gr.Tabs
    knobline: gr.HTML
    welcome: gr.HTML

    # ---- opening ----------------------------------------------------------------------------------------------

    def open(self, now: Now, wanted: Mapping[str, str]) -> Iterator[Updates]:
        """A visitor arrives: wait for the sample if it is being made, then open an index."""
        self.starter.begin()
        sample = self.starter.sample
        failed = ""
        if sample:
            for step in sample.steps():
                yield {
                    self.welcome: frame.welcome(step, self.starter.documents),
                    self.side.hint: frame.preparing(SAMPLE),
                }
            try:
                sample.result()
            except RagError as error:
                failed = cells.error(str(error))
        updates = self.side.choose(wanted.get("index", "") or SAMPLE)
        index = updates[self.side.index]["value"]
        now.session.asked = question = wanted.get("q", "").strip()
        yield {
            **updates,
            **self.side.asked_for(wanted),
            self.welcome: failed,
            self.inspect.question: question or (EXAMPLE if index == SAMPLE else ""),
            self.tabs: gr.update(selected="inspect" if index else "upload"),
        }

    def choose(self, now: Now) -> Updates:
        """Another index was chosen."""
        return self._enter(now, now.index)

    def _enter(self, now: Now, index: str) -> Updates:
        session = now.session
        session.ranking, session.hits, session.document, session.shown, session.paths = None, [], "", "", ()
        session.asked = ""
        return self.side.choose(index)

    def refresh(self, now: Now) -> Iterator[Updates]:
        """Everything at the present settings; then the scores, which are kept if a person asked for them."""
        asked = bool(now.session.asked)
        yield from self._refresh(now)
        yield self.inspect.strip.keep(now, unless_any=not asked)

    def show_again(self, now: Now) -> Iterator[Updates]:
        """After going back to a search: everything, and nothing new to keep."""
        yield from self._refresh(now)
        yield self.inspect.strip.show(now)

    def _refresh(self, now: Now) -> Iterator[Updates]:
        yield self._knobs(now)
        try:
            now.session.chunking = now.chunking
        except SettingError:
            return
        yield {
            **self.side.describe(now.index),
            **self.upload.show(now),
            **self.inspect.open_index(now),
            **self.inspect.show_hits(now),
            **self.chat.show(now),
        }
        query = self._query(now)
        if now.index and query and self.bench.info(now.index).documents:
            yield from self.inspect.search(now, query, stay=True)
        else:
            yield self.inspect.measure(now)

    @staticmethod
    def _query(now: Now) -> str:
        if now.session.asked:
            return now.session.asked
        if now.session.ranking is not None and now.session.index == now.index:
            return now.session.ranking.query
        return EXAMPLE if now.index == SAMPLE else ""

    def _knobs(self, now: Now) -> Updates:
        line = frame.knobline(now.chunk_size, now.chunk_overlap, now.top_k, now.weight)
        return {self.knobline: line, **self.side.differing(now)}

    # ---- knobs ------------------------------------------------------------------------------------------------

    def recut(self, now: Now) -> Updates:
        """Every step of a slider: the cut at once, the scores where they are known already."""
        updates = self._knobs(now)
        try:
            now.session.chunking = now.chunking
        except SettingError:
            return updates  # the last cut stays; the sentence beside the sliders says why
        if not now.index:
            return updates
        return {**updates, **self.upload.show_cuts(now), **self.inspect.show_text(now), **self.inspect.follow(now)}

    def settle(self, now: Now) -> Iterator[Updates]:
        """The hand rests: what is slower than a step of a slider, and scores that can be made quickly."""
        try:
            now.session.chunking = now.chunking
        except SettingError:
            return
        if not now.index:
            return
        yield {**self.upload.show(now), **self.chat.show(now)}
        ranking = now.session.ranking
        here = ranking is not None and now.session.index == now.index
        if ranking is not None and here and not now.fits(ranking):
            yield from self.inspect.search(now, ranking.query, stay=True)
        else:
            yield self.inspect.measure(now)
        yield self.inspect.strip.keep(now)

    def cut_hits(self, now: Now) -> Updates:
        """top_k moved: the same ranking, cut elsewhere."""
        if not now.index:
            return self._knobs(now)
        return {**self._knobs(now), **self.inspect.show_hits(now), **self.inspect.show_text(now)}

    def rescore(self, now: Now) -> Updates:
        """The weight or the recipe moved: the same question, scored anew."""
        if not now.index:
            return self._knobs(now)
        return {**self._knobs(now), **self.inspect.show_text(now), **self.inspect.follow(now)}

    def make_default(self, now: Now) -> Updates:
        """The present settings become the index's default."""
        if now.index:
            self.bench.make_default(now.index, now.chunking)
        return self._knobs(now)

    def put_back(self, now: Now) -> Updates:
        """The index's default settings come back."""
        return self.side.restore(now.index) if now.index else {}

    def fix(self, now: Now, data: Data) -> Updates:
        """The one-click way out of settings that contradict each other."""
        return {self.side.slider(data["field"]): int(data["value"]), self.side.say: ""}

    # ---- upload -----------------------------------------------------------------------------------------------

    def build(self, now: Now, files: list[str] | None) -> Iterator[Updates]:
        """Files were dropped."""
        if not files:
            return
        yield from self.upload.build(now, now.index or _FIRST_INDEX, list(files))
        if not now.index:
            yield self._enter(now, _FIRST_INDEX)

    def cancel(self, now: Now, data: Data) -> Updates:
        """Stop the build or the embedding in hand."""
        if now.session.job:
            now.session.job.cancel()
        return {}

    def new(self, now: Now, data: Data) -> Updates:
        """Ask for the name of a new index."""
        return {self.upload.new_row: gr.update(visible=True), self.upload.status: ""}

    def create(self, now: Now, name: str) -> Updates:
        """Make the new index and go there."""
        updates = self.upload.create_index(name)
        return updates if updates[self.upload.status] else {**updates, **self._enter(now, name.strip())}

    def show_document(self, now: Now, data: Data) -> Updates:
        """A document was chosen in the table."""
        now.session.shown = data["document"]
        return self.upload.show(now)

    def show_all(self, now: Now, data: Data) -> Updates:
        """All documents, or the newest only."""
        now.session.all_rows = not now.session.all_rows
        return self.upload.show(now)

    def remove(self, now: Now, data: Data) -> Updates:
        """Take a document out of the index."""
        return self.upload.remove(now.index, data["document"]) if now.index else {}

    # ---- inspect ----------------------------------------------------------------------------------------------

    def search(self, now: Now, query: str) -> Iterator[Updates]:
        """A question was asked."""
        if now.index:
            yield from self.inspect.search(now, query)
            yield self.inspect.strip.keep(now)

    def go_back(self, now: Now, data: Data) -> Updates:
        """A kept search was clicked: its question and its settings."""
        now.session.asked = data["q"]
        return {**self.side.asked_for(data), self.inspect.question: data["q"]}

    def explain(self, now: Now, data: Mapping[str, Any]) -> Updates:
        """Why is this stretch of a document not among the passages?"""
        return self.inspect.explain(now, data["document"], int(data["start"]), int(data["end"])) if now.index else {}

    def close_why(self, now: Now, data: Data) -> Updates:
        """The answer to that was read."""
        return self.inspect.why.close()

    def bring_in(self, now: Now, data: Data) -> Updates:
        """The one-click change that brings it in."""
        return {**self.side.asked_for(data), **self.inspect.why.close()}

    def try_example(self, now: Now, data: Data) -> Iterator[Updates]:
        """The example question was clicked."""
        yield {self.inspect.question: data["question"]}
        yield from self.search(now, data["question"])

    def embed(self, now: Now, data: Data) -> Iterator[Updates]:
        """Make the missing vectors, however long it takes."""
        query = self._query(now)
        if now.index and query:
            yield from self.inspect.search(now, query, sure=True, stay=True)
            yield self.inspect.strip.keep(now)

    def pick(self, now: Now, data: Data) -> Updates:
        """A passage was clicked, in the list or in the text."""
        return self.inspect.pick(now, int(data["rank"])) if now.index else {}

    def anyway(self, now: Now, data: Data) -> Updates:
        """Show the nearest although nothing was found."""
        now.session.anyway = True
        return self.inspect.reveal(now) if now.index else {}

    def open_document(self, now: Now, document: str | None) -> Updates:
        """Another document was chosen for the viewer."""
        now.session.document = document or ""
        return self.inspect.show_text(now, 0)

    # ---- chat -------------------------------------------------------------------------------------------------

    def ask(self, now: Now, question: str) -> Iterator[Updates]:
        """A question for the model."""
        if now.index:
            yield from self.chat.ask(now, question)

    def retry(self, now: Now, data: Data) -> Iterator[Updates]:
        """The last question again."""
        if now.session.turns:
            yield from self.ask(now, now.session.turns.pop().question)

    def stop(self, now: Now) -> Updates:
        """End the answer that is streaming."""
        self.chat.stop(now.session)
        return {}

    def clear(self, now: Now, data: Data) -> Updates:
        """An empty conversation."""
        now.session.turns.clear()
        return self.chat.show(now)

    def open_passage(self, now: Now, data: Data) -> Iterator[Updates]:
        """A passage of the last answer, opened in Inspect under the question it was found for."""
        if not now.session.turns or now.session.turns[-1].index != now.index:
            return
        question = now.session.turns[-1].question
        yield {self.tabs: gr.update(selected="inspect"), self.inspect.question: question}
        yield from self.search(now, question)
        yield self.inspect.pick(now, int(data["rank"]))

    def everything(self) -> list[Any]:
        """Every component that an event may change."""
        side, upload = self.side, self.upload
        return [self.knobline, self.welcome, self.tabs, *side.outputs, *upload.outputs, *self.inspect.outputs,
                *self.chat.outputs]  # fmt: skip

    def live(self) -> list[Any]:
        """What changes while a slider moves."""
        side, upload = self.side, self.upload
        return [
            self.knobline,
            side.say,
            side.recipe,
            side.changed,
            side.foot,
            upload.cuts_head,
            upload.cuts,
            *self.inspect.outputs,
        ]
