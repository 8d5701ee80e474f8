"""Below the passages of Inspect: is the match real, the chunks in figures, the map. Knows nothing of the tab's rest."""

from typing import Any

from rag_core import Workbench
from rag_core.errors import RagError
from rag_core.overview import Match
from rag_core.searching import Ranking
from rag_core.types import Hit

from .views import cells, codes, figures, plane
from .widgets import Now, Updates, html

# The map stands far below the text it opens.
_TO_THE_TEXT = """
element.addEventListener('click', (e) => {
  if (e.target.closest('[data-act=open]')) document.querySelector('#viewer').scrollIntoView({ block: 'center' });
});
"""


class Figures:
    """Three cells. What takes more than a few milliseconds is left to `measure`, for when the hand rests."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.match = html(elem_id="match")
        self.chunks = html(elem_id="chunks")
        self.plane = html(acts=("draw", "open"), js=_TO_THE_TEXT, elem_id="plane")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        return [self.match, self.chunks, self.plane]

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

    def draw(self, now: Now, hits: list[Hit]) -> Updates:
        """The map, where it was asked for; a fraction of a second on a small index, so it comes last."""
        session, ranking = now.session, now.session.ranking
        if not now.index or not session.mapped:
            return {self.plane: plane.offer(6) if now.index else ""}
        asked = ranking if session.index == now.index and ranking and ranking.asked.vector is not None else None
        try:
            points = self._bench.projection(now.index, asked)
        except RagError as error:
            return {self.plane: cells.error(str(error))}
        return {self.plane: plane.cell(6, points, hits, codes.projection(now.index, asked is not None))}

    def _judge(self, now: Now, ranking: Ranking) -> Match:
        judged = now.session.judged
        return judged[1] if judged and _same(judged[0], ranking) else self._bench.match(now.index, ranking)


def _same(one: Ranking, other: Ranking) -> bool:
    """Whether both have the same histogram and the same cut in it."""
    return one.corpus is other.corpus and (one.query, one.cut) == (other.query, other.cut)
