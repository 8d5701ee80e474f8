"""2 Inspect: a question, the text with its cut, the passages in order of score. Knows nothing of the other tabs."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import gradio as gr

from rag_core import SearchSettings, Workbench
from rag_core.errors import Cancelled, RagError
from rag_core.searching import Ranking
from rag_core.settings import ChunkSettings
from rag_core.types import Chunk, Missing

from ..session import Job, Session
from ..views import cells, codes, frame, inspect, viewer
from ..widgets import Updates, html, script

EXAMPLE = "Wall-mounted electric fireplace with realistic LED flames"
ASK_FIRST = 2.0  # seconds of embedding that nobody is asked about
_QUICK = 0.8  # seconds after which a wait is explained
_VIEWER = """
<div class="rs-viewer"><div class="rs-sheet" tabindex="0" role="region" aria-label="Text">
<svg class="rs-under" aria-hidden="true"><defs><pattern id="rs-hatch" width="6" height="6" patternUnits="userSpaceOnUse"
patternTransform="rotate(45)"><path d="M0 0V6" class="rs-hatchline"/></pattern></defs></svg>
<div class="rs-margin"></div><div class="rs-text"></div></div>
<div class="rs-minimap" aria-label="The whole document"><div class="rs-view"></div></div></div>
<div class="rs-legend"><span><i class="rs-sw rs-cA"></i>odd chunks</span><span><i class="rs-sw rs-cB"></i>even chunks</span>
<span><i class="rs-sw rs-cAB"></i>in both (overlap)</span><span><i class="rs-sw rs-outline"></i>passage with rank</span>
<span class="rs-inview" role="status"></span></div>
"""


class InspectTab:
    """Components and what they show. `outputs` is everything its methods may change."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Column(elem_classes="rs-cell rs-askcell"):
            with gr.Row(elem_classes="rs-ask"):
                self.question = gr.Textbox(
                    show_label=False, label="Question", placeholder="Ask something", elem_id="question",
                    container=False, lines=1, max_lines=4, scale=1,
                )
                self.search_button = gr.Button("Search", variant="primary", elem_id="search", scale=0, min_width=96)
            self.found = html(acts=("anyway", "try", "embed", "cancel"), elem_id="found")
        with gr.Row(elem_classes="rs-two"):
            with gr.Column(elem_classes="rs-cell rs-textcell", scale=1, min_width=0):
                self.text_head = html()
                self.document = gr.Dropdown(
                    label="Document", show_label=False, choices=[], elem_id="document", container=False,
                    num_choices_shown=None, interactive=True,
                )
                self.viewer = gr.HTML(
                    value=None, html_template=_VIEWER, js_on_load=script("viewer.js"), apply_default_css=False,
                    elem_id="viewer", elem_classes=["rs-html"],
                    server_functions=_server_functions(bench),
                )
            with gr.Column(elem_classes="rs-cell rs-hitcell", scale=0, min_width=0):
                self.hits_head = html()
                self.hits = html(acts=("pick",), elem_id="hits")

    @property
    def outputs(self) -> list[gr.components.Component]:
        """What the methods below change."""
        return [self.question, self.found, self.text_head, self.document, self.viewer, self.hits_head, self.hits]

    # ---- what is shown ----------------------------------------------------------------------------------------

    def show_text(
        self, session: Session, index: str | None, settings: ChunkSettings, top_k: int, at: int = -1
    ) -> Updates:
        """The document of the session, cut at these settings, scrolled to the offset `at` if there is one."""
        head = cells.head(2, "Text")
        if not index or not session.document:
            return {self.text_head: head, self.viewer: {}}
        try:
            document = self._bench.document(index, session.document)
            chunks = len(self._bench.chunks(index, session.document, settings))
        except RagError as error:
            return {self.text_head: head + cells.error(str(error))}
        session.version += at >= 0
        place = codes.Place(self._bench.indices, self._bench.models_folder, index)
        code = codes.text(place, document.name, settings)
        hits = session.hits if session.index == index and self.visible(session) else []
        return {
            self.text_head: cells.head(2, "Text", inspect.text_note(chunks, settings), code),
            self.viewer: {
                "index": index,
                "document": document.name,
                "id": document.id,
                "chunk_size": settings.chunk_size,
                "chunk_overlap": settings.chunk_overlap,
                "hits": viewer.marks(hits, document.id, max(top_k, session.picked)),
                "picked": session.picked,
                "at": at,
                "jump": session.version,
            },
        }

    def open_index(self, session: Session, index: str | None, settings: ChunkSettings, top_k: int) -> Updates:
        """Another index, or other documents in it: the list to choose from and the newest one's text."""
        names = [row.name for row in self._bench.documents(index, settings)] if index else []
        if session.document not in names:
            session.document = names[0] if names else ""
        updates = {self.document: gr.update(choices=names, value=session.document or None)}
        return {**updates, **self.show_text(session, index, settings, top_k)}

    @staticmethod
    def visible(session: Session) -> bool:
        """Whether the last ranking's passages are to be seen."""
        return session.ranking is not None and (session.ranking.found or session.anyway)

    def show_hits(self, session: Session, index: str | None, settings: ChunkSettings, top_k: int) -> Updates:
        """The ranked passages cut at top_k, and what was found, from the ranking that is there."""
        ranking = session.ranking
        if ranking is None or not index or session.index != index:
            example = EXAMPLE if index == "furniture" else ""
            return {self.found: inspect.note("Ask something to see what scores."), self.hits: inspect.unasked(example),
                    self.hits_head: cells.head(3, "Passages")}
        code = codes.hits(top_k)
        if not self.visible(session):
            sentence = inspect.nothing_found(ranking.query, ranking.nearest, ranking.cut, top_k)
            return {self.found: self._found(index, sentence, ranking, top_k),
                    self.hits: "", self.hits_head: cells.head(3, "Passages", "", code)}
        summary = inspect.summary(session.hits[:top_k], ranking.seconds)
        return {
            self.found: self._found(index, summary, ranking, top_k),
            self.hits_head: cells.head(3, "Passages", inspect.passages_note(session.hits), code),
            self.hits: inspect.passages(session.hits, top_k, session.picked),
        }

    def _found(self, index: str, sentence: str, ranking: Ranking, top_k: int) -> str:
        place = codes.Place(self._bench.indices, self._bench.models_folder, index)
        return sentence + cells.fold(codes.rank(place, ranking.query, ranking.chunking, top_k), "Search, as Python")

    # ---- searching --------------------------------------------------------------------------------------------

    def take(self, session: Session, index: str, ranking: Ranking) -> None:
        """Keep a ranking and its first hits."""
        if session.ranking is None or session.ranking.query != ranking.query or session.index != index:
            session.anyway = False
        session.ranking, session.index = ranking, index
        session.hits = ranking.hits(inspect.RANKED)
        session.picked = 1 if session.hits else 0

    def rank_now(self, session: Session, index: str, settings: ChunkSettings, query: str) -> Missing:
        """Rank if that needs no embedding; what is missing otherwise."""
        missing = self._bench.missing(index, settings)
        if not missing.missing:
            self.take(session, index, self._bench.rank(index, query, self._search(settings)))
        return missing

    @staticmethod
    def _search(settings: ChunkSettings) -> SearchSettings:
        return SearchSettings(inspect.RANKED, chunk_size=settings.chunk_size, chunk_overlap=settings.chunk_overlap)

    def follow(self, session: Session, index: str, settings: ChunkSettings, top_k: int) -> Updates:
        """Score the question again at a new cut where that takes no embedding; else say what it would take."""
        if session.ranking is None or session.index != index:
            return {}
        try:
            missing = self.rank_now(session, index, settings, session.ranking.query)
        except RagError as error:
            return {self.found: cells.error(str(error))}
        if missing.missing:
            return {self.found: inspect.unembedded(missing, settings, shown=True)}
        return {**self.show_hits(session, index, settings, top_k), **self.show_text(session, index, settings, top_k)}

    def search(
        self, session: Session, index: str, settings: ChunkSettings, top_k: int, query: str, sure: bool = False
    ) -> Iterator[Updates]:
        """Rank for a question. Embedding that takes long is offered, not begun, unless the person is `sure`."""
        try:
            missing = self._bench.missing(index, settings)
            if missing.seconds > ASK_FIRST and missing.missing and not sure:
                yield {self.found: inspect.unembedded(missing, settings, shown=session.ranking is not None)}
                return
            yield from self._rank(session, index, settings, query)
        except Cancelled:
            missing = self._bench.missing(index, settings)
            yield {self.found: inspect.unembedded(missing, settings, shown=session.ranking is not None)}
            return
        except RagError as error:
            yield {self.found: cells.error(str(error))}
            return
        yield self.reveal(session, index, settings, top_k)

    def _rank(self, session: Session, index: str, settings: ChunkSettings, query: str) -> Iterator[Updates]:
        job: Job[Ranking] = Job(
            lambda progress, cancel: self._bench.rank(
                index, query, self._search(settings), progress=progress, cancel=cancel
            )
        )
        session.job = job
        for i, step in enumerate(job.steps()):
            if i * 0.1 >= _QUICK and step is None:
                yield {self.found: frame.waiting("The embedder is being loaded. The scores follow.")}
            elif step is not None and i * 0.1 >= _QUICK:
                yield {self.found: cells.progress(step, "", "What is done is kept if you cancel.")}
        session.job = None
        self.take(session, index, job.result())

    def reveal(self, session: Session, index: str, settings: ChunkSettings, top_k: int) -> Updates:
        """What was found, and the best passage in its document."""
        updates = self.show_hits(session, index, settings, top_k)
        if self.visible(session) and session.hits:
            return {**updates, **self.pick(session, index, settings, top_k, session.picked or 1)}
        return {**updates, **self.show_text(session, index, settings, top_k)}

    def pick(self, session: Session, index: str, settings: ChunkSettings, top_k: int, rank: int) -> Updates:
        """Select a passage: its document opens at it."""
        hit = next((hit for hit in session.hits if hit.rank == rank), None)
        if hit is None:
            return {}
        session.picked, session.document = rank, hit.document
        return {
            self.hits: inspect.passages(session.hits, top_k, rank),
            self.document: gr.update(value=hit.document),
            **self.show_text(session, index, settings, top_k, hit.start),
        }


def _server_functions(bench: Workbench) -> list[Callable[[dict[str, Any]], dict[str, Any]]]:
    """What viewer.js calls, each with one dict; {"error"} when the document is gone."""

    def chunks(ask: dict[str, Any]) -> list[Chunk]:
        settings = ChunkSettings(chunk_size=int(ask["chunk_size"]), chunk_overlap=int(ask["chunk_overlap"]))
        return bench.chunks(ask["index"], ask["document"], settings)

    def read_page(ask: dict[str, Any]) -> dict[str, Any]:
        return viewer.page(bench.document(ask["index"], ask["document"]), chunks(ask), int(ask["page"]))

    def read_spans(ask: dict[str, Any]) -> dict[str, Any]:
        return viewer.spans(chunks(ask), int(ask["start"]), int(ask["end"]))

    def read_outline(ask: dict[str, Any]) -> dict[str, Any]:
        return viewer.outline(bench.document(ask["index"], ask["document"]))

    def safe(read: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        @wraps(read)
        def call(ask: dict[str, Any]) -> dict[str, Any]:
            try:
                return read(ask)
            except RagError as error:
                return {"error": str(error)}

        return call

    return [safe(read_page), safe(read_spans), safe(read_outline)]
