"""Below the passages of Inspect: is the match real, and the chunks in figures. Knows nothing of the rest of the tab."""

from typing import Any

from rag_core import Workbench
from rag_core.errors import RagError
from rag_core.overview import Match
from rag_core.searching import Ranking
from rag_core.types import Hit

from .views import codes, figures
from .widgets import Now, Updates, html


class Figures:
    """Two cells. What takes more than a few milliseconds is left to `measure`, for when the hand rests."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.match = html(elem_id="match")
        self.chunks = html(elem_id="chunks")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        return [self.match, self.chunks]

    def show(self, now: Now, hits: list[Hit]) -> Updates:
        """Mark the `hits` in the histogram of the session's ranking, if it has been judged already."""
        session, ranking = now.session, now.session.ranking
        if ranking is None or session.index != now.index or ranking.asked.vector is None:
            session.judged = None
            return {self.match: ""}
        if session.judged is None or not _same(session.judged[0], ranking):
            return {}
        units, code = len(ranking.corpus.unit_hashes), codes.match(now.index)
        return {self.match: figures.match_cell(4, session.judged[1], hits, units, ranking.note, code)}

    def measure(self, now: Now, hits: list[Hit]) -> Updates:
        """Both cells, computed anew where the search or the cut has changed."""
        if not now.index:
            return {self.match: "", self.chunks: ""}
        session, ranking = now.session, now.session.ranking
        try:
            if ranking is not None and session.index == now.index and ranking.asked.vector is not None:
                session.judged = ranking, self._judge(now, ranking)
            code = codes.statistics(now.index, now.shown)
            chunks = figures.chunks_cell(5, self._bench.statistics(now.index, now.shown), now.shown.chunk_size, code)
        except RagError:  # the cells above say it
            return {self.match: "", self.chunks: ""}
        return {self.chunks: chunks, **self.show(now, hits)}

    def _judge(self, now: Now, ranking: Ranking) -> Match:
        judged = now.session.judged
        return judged[1] if judged and _same(judged[0], ranking) else self._bench.match(now.index, ranking)


def _same(one: Ranking, other: Ranking) -> bool:
    """Whether both have the same histogram and the same cut in it."""
    return one.corpus is other.corpus and (one.query, one.cut) == (other.query, other.cut)
