"""The page: sidebar, three tabs, and the events between them; the only place where one tab touches another.

Knows nothing of REST, of the share tunnel or of the command line.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from rag_core import SettingError, Workbench
from rag_core.errors import RagError

from . import views
from .notices import told
from .session import Session
from .sidebar import Sidebar
from .starting import SAMPLE, Starter
from .tabs.chat import ChatTab
from .tabs.inspect import EXAMPLE, InspectTab
from .tabs.upload import UploadTab
from .views import frame
from .widgets import FOLDER, Updates, chunking, field, html, script

_SANS = ["Pretendard Variable", "Pretendard", "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo",
         "Malgun Gothic", "system-ui", "sans-serif"]
_MONO = ["ui-monospace", "SF Mono", "Cascadia Mono", "Consolas", "Noto Sans Mono CJK KR", "DejaVu Sans Mono", "monospace"]
Knobs = tuple[Session, str | None, float, float, float]


def build_page(bench: Workbench, share: frame.Share) -> "Page":
    """The page of one Workbench, not launched yet. Launch it with `launch_options()`."""
    return Page(bench, share)


def launch_options() -> dict[str, Any]:
    """Theme, styles and scripts: in gradio 6 these are arguments of `launch`."""
    return {
        "theme": gr.themes.Base(
            font=[gr.themes.Font(name) for name in _SANS], font_mono=[gr.themes.Font(name) for name in _MONO]
        ),
        "css_paths": [FOLDER / "tokens.css", FOLDER / "page.css"],
        "head": f"<script>{script('page.js')}</script>",
        "favicon_path": FOLDER / "favicon.svg",
        "footer_links": [],
    }


class Page(gr.Blocks):
    """Blocks that begin the background work as soon as they are served."""

    def __init__(self, bench: Workbench, share: frame.Share) -> None:
        super().__init__(title="RAGscope", fill_width=True, analytics_enabled=False, delete_cache=(3600, 86400))
        self._bench = bench
        self._share = share
        self.starter = Starter(bench)
        with self:
            self._lay_out()
            self._wire()

    def launch(self, *args: Any, **kwargs: Any) -> Any:
        """As Blocks.launch; once the server answers, the sample and the models are made ready."""
        result = super().launch(*args, **kwargs)
        self.starter.begin()
        return result

    # ---- layout -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._session = gr.State(Session())
        gr.HTML(frame.brand(), elem_classes=["rs-html", "rs-brandbox"], apply_default_css=False)
        self._link = html(frame.share(self._share), classes="rs-sharebox")
        self._timer = gr.Timer(2.0, active=self._share.status != "local")
        self._side = Sidebar(self._bench)
        self._knobline = html(classes="rs-knoblinebox")
        self._welcome = html(elem_id="welcome")
        with gr.Tabs(elem_id="tabs", selected="inspect") as self._tabs:
            with gr.Tab("1 Upload", id="upload", elem_classes="rs-page", render_children=True):
                self._upload = UploadTab(self._bench)
            with gr.Tab("2 Inspect", id="inspect", elem_classes="rs-page", render_children=True):
                self._inspect = InspectTab(self._bench)
            with gr.Tab("3 Chat", id="chat", elem_classes="rs-page", render_children=True):
                self._chat = ChatTab(self._bench)

    @property
    def _everything(self) -> list[Any]:
        side, upload = self._side, self._upload
        return [
            side.index, side.hint, side.chunk_size, side.chunk_overlap, side.top_k, side.say, side.changed, side.foot,
            self._knobline, self._welcome, self._tabs, upload.status, upload.new_row, upload.name, upload.files,
            *upload.outputs, *self._inspect.outputs, *self._chat.outputs,
        ]

    @property
    def _live(self) -> list[Any]:
        """What changes while a slider moves."""
        side, upload = self._side, self._upload
        return [side.say, side.changed, side.foot, self._knobline, upload.cuts_head, upload.cuts, *self._inspect.outputs]

    # ---- events -----------------------------------------------------------------------------------------------

    def _wire(self) -> None:
        self._wire_start()
        self._wire_knobs()
        self._wire_upload()
        self._wire_inspect()
        self._wire_chat()

    def _on(self, event: Callable[..., Any], handler: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """Wire an event whose handler gets (session, index, chunk_size, chunk_overlap, top_k, *inputs)."""
        return event(
            told(handler),
            [self._session, *self._side.knobs, *inputs],
            options.pop("outputs", self._everything),
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=options.pop("concurrency_limit", None),
            **options,
        )

    def _wire_start(self) -> None:
        opened = self._on(self.load, self._open)
        self._on(opened.then, self._refresh)
        self._timer.tick(
            lambda: frame.share(self._share), None, self._link, show_progress="hidden", api_visibility="private"
        )

    def _wire_knobs(self) -> None:
        side = self._side
        chosen = self._on(side.index.input, self._choose)
        self._on(chosen.then, self._refresh)
        for slider in (side.chunk_size, side.chunk_overlap):
            self._on(slider.input, self._recut, trigger_mode="always_last", outputs=self._live)
        self._on(side.say.settled, self._settle, trigger_mode="always_last")
        self._on(side.top_k.input, self._cut_hits, trigger_mode="always_last", outputs=self._live)
        self._on(side.make_default.click, self._make_default)
        restored = self._on(side.put_back.click, self._put_back)
        self._on(restored.then, self._refresh)
        fixed = self._on(side.say.fix, self._fix)
        self._on(fixed.then, self._refresh)

    def _wire_upload(self) -> None:
        upload = self._upload
        built = self._on(upload.files.upload, self._build, upload.files)
        self._on(built.then, self._refresh)
        self._on(upload.status.cancel, self._cancel)
        self._on(upload.head.new, self._new)
        made = self._on(partial(gr.on, [upload.create.click, upload.name.submit]), self._create, upload.name)
        self._on(made.then, self._refresh)
        self._on(upload.table.show, self._show_document)
        self._on(upload.table.all, self._show_all)
        removed = self._on(upload.table.remove, self._remove)
        self._on(removed.then, self._refresh)

    def _wire_inspect(self) -> None:
        inspect = self._inspect
        asked = partial(gr.on, [inspect.question.submit, inspect.search_button.click])
        self._on(asked, self._search, inspect.question)
        self._on(inspect.hits.pick, self._pick)
        self._on(inspect.viewer.pick, self._pick)
        self._on(inspect.found.anyway, self._anyway)
        self._on(inspect.found.embed, self._embed, inspect.question)
        self._on(inspect.found.cancel, self._cancel)
        self._on(inspect.document.input, self._open_document, inspect.document)

    def _wire_chat(self) -> None:
        chat = self._chat
        model = {"concurrency_limit": 1, "concurrency_id": "llm", "outputs": chat.outputs}
        asked = self._on(chat.message.submit, self._ask, chat.message, **model)
        again = self._on(chat.talk.retry, self._retry, **model)
        self._on(chat.message.stop, self._stop, cancels=[asked, again], queue=False, outputs=chat.outputs)
        self._on(chat.talk.clear, self._clear)
        self._on(chat.used.open, self._open_passage)

    # ---- opening ----------------------------------------------------------------------------------------------

    def _open(
        self, session: Session, _index: str | None, _size: float, _overlap: float, _top_k: float, request: gr.Request
    ) -> Iterator[Updates]:
        self.starter.begin()
        sample = self.starter.sample
        if sample and sample.running:
            documents = self.starter.documents
            for step in sample.steps():
                yield {self._welcome: frame.welcome(step, documents)}
        failed = ""
        try:
            if sample:
                sample.result()
        except RagError as error:
            failed = views.cells.error(str(error))
        wanted = dict(request.query_params) if request else {}
        updates = self._side.choose(str(wanted.get("index", "")) or SAMPLE)
        updates[self._welcome] = failed
        index = updates[self._side.index]["value"]
        updates[self._inspect.question] = EXAMPLE if index == SAMPLE else ""
        updates[self._tabs] = gr.update(selected="inspect" if index else "upload")
        yield {**updates, **self._side.asked_for(wanted)}

    def _choose(self, session: Session, index: str | None, *_: float) -> Updates:
        session.ranking, session.hits, session.document, session.shown = None, [], "", ""
        return self._side.choose(index or "")

    def _refresh(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float
    ) -> Iterator[Updates]:
        """Everything at the present settings; then the scores."""
        yield self._knobs_shown(index, size, overlap, top_k)
        try:
            settings = chunking(size, overlap)
        except SettingError:
            return
        top = int(top_k)
        session.chunking = settings
        yield {
            **self._side.describe(index),
            **self._upload.show(session, index, settings),
            **self._inspect.open_index(session, index, settings, top),
            **self._inspect.show_hits(session, index, settings, top),
            **self._chat.show(session, index, settings, top),
        }
        query = self._query(session, index)
        if index and query and self._bench.info(index).documents:
            yield from self._inspect.search(session, index, settings, top, query)

    @staticmethod
    def _query(session: Session, index: str | None) -> str:
        if session.ranking is not None and session.index == index:
            return session.ranking.query
        return EXAMPLE if index == SAMPLE else ""

    def _knobs_shown(self, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        line = frame.knobline(int(size), int(overlap), int(top_k))
        return {self._knobline: line, **self._side.differing(index, size, overlap, top_k)}

    # ---- knobs ------------------------------------------------------------------------------------------------

    def _recut(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        """Every step of a slider: the cut at once, the scores where they are known already."""
        updates = self._knobs_shown(index, size, overlap, top_k)
        try:
            settings = chunking(size, overlap)
        except SettingError:
            return updates  # the last cut stays, the sentence beside the sliders says why
        if not index:
            return updates
        session.chunking = settings
        top = int(top_k)
        return {
            **updates,
            **self._upload.show_cuts(session, index, settings),
            **self._inspect.show_text(session, index, settings, top),
            **self._inspect.follow(session, index, settings, top),
        }

    def _settle(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float
    ) -> Iterator[Updates]:
        """The hand rests: what is slower than a step of a slider, and scores that can be made quickly."""
        try:
            settings = chunking(size, overlap)
        except SettingError:
            return
        if not index:
            return
        top = int(top_k)
        yield {**self._upload.show(session, index, settings), **self._chat.show(session, index, settings, top)}
        if session.ranking is not None and session.index == index and session.ranking.chunking != settings:
            yield from self._inspect.search(session, index, settings, top, session.ranking.query)

    def _cut_hits(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        updates = self._knobs_shown(index, size, overlap, top_k)
        settings = session.chunking
        if not index or settings is None:
            return updates
        top = int(top_k)
        return {
            **updates,
            **self._inspect.show_hits(session, index, settings, top),
            **self._inspect.show_text(session, index, settings, top),
        }

    def _make_default(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        if index:
            self._side.save(index, size, overlap)
        return self._knobs_shown(index, size, overlap, top_k)

    def _put_back(self, session: Session, index: str | None, *_: float) -> Updates:
        return self._side.restore(index) if index else {self._side.say: ""}

    def _fix(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, event: gr.EventData
    ) -> Updates:
        knobs = {"chunk_size": self._side.chunk_size, "chunk_overlap": self._side.chunk_overlap}
        return {knobs[field(event, "field")]: int(field(event, "value")), self._side.say: ""}

    # ---- upload -----------------------------------------------------------------------------------------------

    def _build(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, files: list[str] | None
    ) -> Iterator[Updates]:
        if index and files:
            settings = session.chunking or chunking(size, overlap)
            yield from self._upload.build(session, index, settings, list(files))

    def _cancel(self, session: Session, *_: Any) -> Updates:
        self._upload.cancel(session)
        return {self._upload.name: gr.skip()}

    def _new(self, session: Session, *_: Any) -> Updates:
        return {self._upload.new_row: gr.update(visible=True), self._upload.status: ""}

    def _create(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, name: str
    ) -> Updates:
        updates = self._upload.create_index(name)
        if not updates[self._upload.status]:
            updates |= self._choose(session, name.strip())
        return updates

    def _show_document(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, event: gr.EventData
    ) -> Updates:
        session.shown = field(event, "document")
        return self._upload.show(session, index, session.chunking or chunking(size, overlap))

    def _show_all(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        session.all_rows = not session.all_rows
        return self._upload.show(session, index, session.chunking or chunking(size, overlap))

    def _remove(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, event: gr.EventData
    ) -> Updates:
        return self._upload.remove(index, field(event, "document")) if index else {self._upload.status: ""}

    # ---- inspect ----------------------------------------------------------------------------------------------

    def _search(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, query: str
    ) -> Iterator[Updates]:
        if index:
            settings = chunking(size, overlap)
            yield from self._inspect.search(session, index, settings, int(top_k), query)

    def _embed(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, query: str
    ) -> Iterator[Updates]:
        if index:
            settings = chunking(size, overlap)
            asked = self._query(session, index) or query
            yield from self._inspect.search(session, index, settings, int(top_k), asked, sure=True)

    def _pick(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, event: gr.EventData
    ) -> Updates:
        settings = session.chunking or chunking(size, overlap)
        if not index:
            return {self._side.say: ""}
        return self._inspect.pick(session, index, settings, int(top_k), int(field(event, "rank")))

    def _anyway(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        session.anyway = True
        if not index:
            return {self._side.say: ""}
        return self._inspect.reveal(session, index, session.chunking or chunking(size, overlap), int(top_k))

    def _open_document(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, document: str
    ) -> Updates:
        session.document = document
        return self._inspect.show_text(session, index, session.chunking or chunking(size, overlap), int(top_k), 0)

    # ---- chat -------------------------------------------------------------------------------------------------

    def _ask(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, question: str
    ) -> Iterator[Updates]:
        settings = session.chunking or chunking(size, overlap)
        yield from self._chat.ask(session, index, settings, int(top_k), question)

    def _retry(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float
    ) -> Iterator[Updates]:
        yield from self._ask(session, index, size, overlap, top_k, self._chat.forget_last(session))

    def _stop(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        return self._chat.stop(session, index, session.chunking or chunking(size, overlap), int(top_k))

    def _clear(self, session: Session, index: str | None, size: float, overlap: float, top_k: float) -> Updates:
        return self._chat.clear(session, index, session.chunking or chunking(size, overlap), int(top_k))

    def _open_passage(
        self, session: Session, index: str | None, size: float, overlap: float, top_k: float, event: gr.EventData
    ) -> Iterator[Updates]:
        """A passage of the last answer, opened in Inspect under the question it was found for."""
        turn = session.turns[-1]
        settings = session.chunking or chunking(size, overlap)
        rank = int(field(event, "rank"))
        yield {self._tabs: gr.update(selected="inspect"), self._inspect.question: turn.question}
        yield from self._inspect.search(session, turn.index, settings, int(top_k), turn.question)
        yield self._inspect.pick(session, turn.index, settings, int(top_k), rank)
