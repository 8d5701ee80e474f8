"""2 Inspect: a question, the text with its cut, the passages in order of score. Knows nothing of the other tabs."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import gradio as gr

from rag_core import Workbench
from rag_core.errors import Cancelled, RagError
from rag_core.searching import Ranking
from rag_core.settings import ChunkSettings, SearchSettings
from rag_core.types import Chunk, Missing

from ..figures import Figures
from ..session import Job, Session
from ..strip import RunStrip
from ..views import cells, codes, frame, inspect, viewer
from ..why import WhyPanel
from ..widgets import Now, Updates, html, script

EXAMPLE = "Wall-mounted electric fireplace with realistic LED flames"
ASK_FIRST = 2.0  # seconds of embedding that nobody is asked about
_QUICK = 0.8  # seconds after which a wait is explained
_VIEWER = """
<div class="rs-viewer"><div class="rs-sheet" tabindex="0" role="region" aria-label="Text">
<button type="button" class="rs-btn rs-ask-why" hidden>Why was this not found?</button>
<svg class="rs-under" aria-hidden="true"><defs><pattern id="rs-hatch" width="6" height="6" patternUnits="userSpaceOnUse"
patternTransform="rotate(45)"><path d="M0 0V6" class="rs-hatchline"/></pattern></defs></svg>
<div class="rs-margin"></div><div class="rs-text"></div></div>
<div class="rs-minimap" aria-label="The whole document"><div class="rs-view"></div></div></div>
<div class="rs-legend"><span class="rs-for-heat">weak<span class="rs-ramp"><i class="rs-h1"></i><i class="rs-h2"></i>
<i class="rs-h3"></i><i class="rs-h4"></i><i class="rs-h5"></i></span>strong</span>
<span class="rs-for-cut"><i class="rs-sw rs-cA"></i>odd chunks</span>
<span class="rs-for-cut"><i class="rs-sw rs-cB"></i>even chunks</span>
<span class="rs-for-cut"><i class="rs-sw rs-cAB"></i>overlap</span>
<span><i class="rs-sw rs-outline"></i>passage</span><span class="rs-inview" role="status"></span></div>
"""


class InspectTab:
    """Components and what they show. `outputs` is everything its methods may change."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Column(elem_classes="rs-cell rs-askcell"):
            with gr.Row(elem_classes="rs-ask"):
                self.question = gr.Textbox(
                    show_label=False,
                    label="Question",
                    placeholder="Ask something",
                    elem_id="question",
                    container=False,
                    lines=1,
                    max_lines=4,
                    scale=1,
                )
                self.search_button = gr.Button("Search", variant="primary", elem_id="search", scale=0, min_width=96)
            self.found = html(acts=("embed", "cancel"), elem_id="found")
        with gr.Row(elem_classes="rs-two"):
            with gr.Column(elem_classes="rs-cell rs-textcell", scale=1, min_width=0):
                self.text_head = html()
                self.document = gr.Dropdown(
                    label="Document",
                    show_label=False,
                    choices=[],
                    elem_id="document",
                    container=False,
                    num_choices_shown=None,
                    interactive=True,
                )
                self.why = WhyPanel(bench)
                self.viewer = gr.HTML(
                    value=None,
                    html_template=_VIEWER,
                    js_on_load=script("viewer.js"),
                    apply_default_css=False,
                    elem_id="viewer",
                    elem_classes=["rs-html"],
                    server_functions=_server_functions(bench),
                )
            with gr.Column(scale=0, min_width=0):
                with gr.Column(elem_classes="rs-cell rs-hitcell", min_width=0):
                    self.hits_head = html()
                    self.hits = html(acts=("pick", "anyway", "example"), elem_id="hits")
                self.figures = Figures(bench)
            self.strip = RunStrip(bench)

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        own = [self.question, self.found, self.text_head, self.document, self.viewer, self.hits_head, self.hits]
        return [*own, *self.why.outputs, *self.strip.outputs, *self.figures.outputs]

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _place(self, index: str) -> codes.Place:
        return codes.Place(self._bench.indices, self._bench.models_folder, index)

    def show_text(self, now: Now, at: int = -1) -> Updates:
        """The document of the session at the present cut, scrolled to the offset `at` if there is one."""
        head, session, settings = cells.head(2, "Text"), now.session, now.shown
        if not now.index or not session.document:
            return {self.text_head: head, self.viewer: {}}
        try:
            document = self._bench.document(now.index, session.document)
            chunks = len(self._bench.chunks(now.index, session.document, settings))
        except RagError as error:
            return {self.text_head: head + cells.error(str(error))}
        session.version += at >= 0
        code = codes.text(self._place(now.index), document.name, settings)
        return {
            self.text_head: cells.head(2, "Text", inspect.text_note(chunks, settings), code),
            self.viewer: {
                "index": now.index,
                "document": document.name,
                "id": document.id,
                "chunk_size": settings.chunk_size,
                "chunk_overlap": settings.chunk_overlap,
                "at": at,
                "jump": session.version,
                **self._marks(now, document.id),
            },
        }

    def _marks(self, now: Now, document_id: str) -> dict[str, Any]:
        """The passages to be outlined; stale ones belong to an older cut."""
        session = now.session
        ranking = session.ranking if session.index == now.index and self.visible(session) else None
        hits = session.hits if ranking else []
        return {
            "hits": viewer.marks(hits, document_id, max(now.top_k, session.picked)),
            "picked": session.picked,
            "stale": ranking is not None and not now.fits(ranking),
            "asked": session.ranking is not None and session.index == now.index,
            "heat": ranking.query if ranking is not None and now.mode == "field" else "",
            "weight": now.weight,
        }

    def open_index(self, now: Now) -> Updates:
        """Another index, or other documents in it: the list to choose from and the newest one's text."""
        try:
            names = [row.name for row in self._bench.documents(now.index, now.shown)] if now.index else []
        except RagError as error:
            return {self.text_head: cells.head(2, "Text") + cells.error(str(error)), self.viewer: {}}
        session = now.session
        if session.document not in names:
            session.document = names[0] if names else ""
        return {self.document: gr.update(choices=names, value=session.document or None), **self.show_text(now)}

    @staticmethod
    def visible(session: Session) -> bool:
        """Whether the last ranking's passages are to be seen."""
        return session.ranking is not None and (session.ranking.found or session.anyway)

    def show_hits(self, now: Now) -> Updates:
        """The ranked passages cut at top_k, and what was found, from the ranking that is there."""
        return {**self.why.close(), **self._hits(now)}

    def _hits(self, now: Now) -> Updates:
        session, ranking, code = now.session, now.session.ranking, codes.hits(now.top_k)
        if ranking is None or session.index != now.index:
            return {
                self.found: inspect.note(""),
                self.hits: inspect.unasked(EXAMPLE if now.index == "furniture" else ""),
                self.hits_head: cells.head(3, "Passages"),
                **self.figures.show(now, []),
            }
        again = cells.fold(
            codes.rank(self._place(now.index), ranking.query, now.wanted(now.top_k)), "Search, as Python"
        )
        if not self.visible(session):
            return {
                self.found: inspect.nothing(ranking.total, ranking.seconds) + again,
                self.hits: inspect.nothing_found(ranking.query, ranking.nearest, ranking.cut, now.top_k),
                self.hits_head: cells.head(3, "Passages", "", code),
                **self.figures.show(now, []),
            }
        hits, context = session.hits[: now.top_k], self._bench.context
        return {
            self.found: inspect.summary(hits, ranking.seconds, ranking.note, context) + again,
            self.hits: inspect.passages(session.hits, now.top_k, session.picked, now.mode),
            self.hits_head: cells.head(3, "Passages", inspect.passages_note(session.hits, now.mode), code),
            **self.figures.show(now, hits),
        }

    def measure(self, now: Now) -> Updates:
        """The figures below the passages, for when the hand rests."""
        return self.figures.measure(now, now.session.hits[: now.top_k] if self.visible(now.session) else [])

    def _unembedded(self, now: Now, missing: Missing, query: str) -> Updates:
        code = codes.rank(self._place(now.index), query, now.wanted(now.top_k))
        todo = inspect.unembedded(missing, now.shown, shown=bool(now.session.hits))
        updates = {self.found: todo + cells.fold(code, "Embed and search, as Python")}
        return updates if now.session.hits else {**updates, self.hits: inspect.unscored()}

    # ---- searching --------------------------------------------------------------------------------------------

    @staticmethod
    def _take(now: Now, ranking: Ranking) -> None:
        """Keep a ranking and its first hits."""
        session = now.session
        if session.ranking is None or session.ranking.query != ranking.query or session.index != now.index:
            session.anyway = False
        session.ranking, session.index = ranking, now.index
        session.hits = ranking.hits(inspect.RANKED)
        session.picked = 1 if session.hits else 0

    def follow(self, now: Now) -> Updates:
        """Score the question again at a new cut where that takes no embedding; else say what it would take."""
        ranking = now.session.ranking
        if ranking is None or now.session.index != now.index:
            return {}
        try:
            missing = self._bench.missing(now.index, now.shown, now.mode)
            if missing.missing:
                return self._unembedded(now, missing, ranking.query)
            self._take(now, self._bench.rank(now.index, ranking.query, now.wanted(inspect.RANKED)))
        except RagError as error:
            return {self.found: cells.error(str(error))}
        return {**self.show_hits(now), **self.show_text(now)}

    def search(self, now: Now, query: str, sure: bool = False, stay: bool = False) -> Iterator[Updates]:
        """Rank for a question and open the best passage; `stay` leaves a known question's reader where they are.

        Embedding that takes long is offered, not begun, unless the person is `sure`.
        """
        ranking = now.session.ranking
        stay = stay and ranking is not None and ranking.query == query and now.session.index == now.index
        now.session.asked = query
        try:
            missing = self._bench.missing(now.index, now.shown, now.mode)
            if missing.missing and missing.seconds > ASK_FIRST and not sure:
                yield self._unembedded(now, missing, query)
                return
            yield from self._rank(now, query)
        except Cancelled:
            yield self._unembedded(now, self._bench.missing(now.index, now.shown, now.mode), query)
        except RagError as error:
            yield {self.found: cells.error(str(error))}
        else:
            yield {**self.show_hits(now), **self.show_text(now)} if stay else self.reveal(now)
            yield self.measure(now)

    def _rank(self, now: Now, query: str) -> Iterator[Updates]:
        job: Job[Ranking] = Job(
            lambda progress, cancel: self._bench.rank(
                now.index, query, now.wanted(inspect.RANKED), progress=progress, cancel=cancel
            )
        )
        now.session.job = job
        for i, step in enumerate(job.steps()):
            if i * 0.1 < _QUICK:  # under a second, only the result
                continue
            if step is None:
                yield {self.found: frame.waiting("The embedder is being loaded. The scores follow.")}
            else:
                yield {self.found: cells.progress(step, "", "What is done is kept if you cancel.")}
        now.session.job = None
        self._take(now, job.result())

    def reveal(self, now: Now) -> Updates:
        """What was found, and the best passage in its document."""
        updates = self.show_hits(now)
        if self.visible(now.session) and now.session.hits:
            return {**updates, **self.pick(now, now.session.picked or 1)}
        return {**updates, **self.show_text(now)}

    def pick(self, now: Now, rank: int) -> Updates:
        """Select a passage: its document opens at it."""
        session = now.session
        hit = next((hit for hit in session.hits if hit.rank == rank), None)
        if hit is None:
            return {}
        session.picked, session.document = rank, hit.document
        return {
            self.hits: inspect.passages(session.hits, now.top_k, rank, now.mode),
            self.document: gr.update(value=hit.document),
            **self.show_text(now, hit.start),
        }

    def explain(self, now: Now, document: str, start: int, end: int) -> Updates:
        """Why a stretch of a document is not among the passages."""
        return self.why.explain(now, document, start, end, held_back=not self.visible(now.session))


Ask = dict[str, Any]  # viewer.js sends one dict and gets one


def _server_functions(bench: Workbench) -> list[Callable[[Ask], Ask]]:
    """What viewer.js calls, each with one dict; {"error"} when the document is gone."""

    def chunks(ask: Ask) -> list[Chunk]:
        settings = ChunkSettings(chunk_size=int(ask["chunk_size"]), chunk_overlap=int(ask["chunk_overlap"]))
        return bench.chunks(ask["index"], ask["document"], settings)

    def read_page(ask: Ask) -> Ask:
        return viewer.page(bench.document(ask["index"], ask["document"]), chunks(ask), int(ask["page"]))

    def read_spans(ask: Ask) -> Ask:
        return viewer.spans(chunks(ask), int(ask["start"]), int(ask["end"]))

    def read_heat(ask: Ask) -> Ask:
        ranking = bench.rank(ask["index"], ask["heat"], SearchSettings(mode="field", weight=float(ask["weight"])))
        return viewer.heat(bench.heat(ranking, ask["document"]))

    def read_outline(ask: Ask) -> Ask:
        return viewer.outline(bench.document(ask["index"], ask["document"]))

    return [_safe(read) for read in (read_page, read_spans, read_heat, read_outline)]


def _safe(read: Callable[[Ask], Ask]) -> Callable[[Ask], Ask]:
    @wraps(read)
    def call(ask: Ask) -> Ask:
        try:
            return read(ask)
        except RagError as error:
            return {"error": str(error)}

    return call
