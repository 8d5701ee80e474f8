"""Why was this not found? The sentence that stands for a stretch of text, its rank, and what would bring it in.

The fixes are found by trying: each changes one setting as little as it takes. Knows nothing of models or the page.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .recipes import EMBEDS_CHUNKS
from .searching import Ranking
from .settings import CHUNK_SIZE, MODES, TOP_K, SearchSettings

DEEPEST = 200  # hits looked through for the rank
_SIZES = (64, 96, 128, 160, 200, 256, 320, 400, 512, 768, 1024)
_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_FLOORS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

Again = Callable[[SearchSettings], Ranking]


@dataclass(frozen=True, slots=True)
class Fix:
    """One change of one setting that brings the stretch into the hits, at `rank`."""

    knob: str
    value: float | int | str
    rank: int
    tokens: int  # that the hits then cost
    settings: SearchSettings


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`rank` 0: not among the first 200. `anchor`: offsets of the best sentence of the stretch, with its score parts.

    `score` and `last_score` (of the last hit that is used) are on the same scale; `gap` is what is missing.
    """

    found: bool
    rank: int
    anchor: tuple[int, int]
    score: float
    dense: float | None
    keyword: float | None
    last_score: float
    gap: float
    fixes: tuple[Fix, ...]


def why_not(
    ranking: Ranking, document: str, start: int, end: int, again: Again, modes: Sequence[str] = MODES
) -> WhyNot:
    """Explain one stretch `start … end` of a document. `again` ranks the same question at other settings.

    `modes`: recipes that may be tried, without those that would have to embed first.
    """
    table, scores = ranking.corpus.table, ranking.asked.scores
    number = [each.name for each in ranking.corpus.state.documents].index(document)
    low, high = table.first_row[number], table.first_row[number + 1]
    rows = [int(row) for row in range(low, high) if table.starts[row] < end and table.ends[row] > start]
    rows = rows or [int(low)]
    best = max(rows, key=lambda row: scores.field[row])
    anchor = (int(table.starts[best]), int(table.ends[best]))
    used = ranking.hits()
    rank = _rank(ranking, document, anchor)
    last = used[-1].score if used else 0.0
    reached = next((hit.score for hit in ranking.hits(DEEPEST) if hit.rank == rank), float(scores.field[best]))
    return WhyNot(
        found=0 < rank <= len(used),
        rank=rank,
        anchor=anchor,
        score=reached,
        dense=float(scores.dense[table.units[best]]) if len(scores.dense) else None,
        keyword=float(scores.keyword[best]),
        last_score=last,
        gap=max(0.0, last - reached),
        fixes=() if 0 < rank <= len(used) else tuple(_fixes(ranking, document, anchor, rank, again, modes)),
    )


def _rank(ranking: Ranking, document: str, anchor: tuple[int, int], deepest: int = DEEPEST) -> int:
    """The first hit that holds the sentence; 0 when none does."""
    for hit in ranking.hits(deepest):
        if hit.document == document and hit.start < anchor[1] and anchor[0] < hit.end:
            return hit.rank
    return 0


def _fixes(
    ranking: Ranking, document: str, anchor: tuple[int, int], rank: int, again: Again, modes: Sequence[str]
) -> Iterator[Fix]:
    now = ranking.settings
    if 0 < rank <= TOP_K.slider_high:
        yield _fix(ranking, "top_k", rank, rank, replace(now, top_k=rank))
    for knob, candidates in _candidates(now, modes):
        for value, settings in candidates:
            tried = again(settings)
            reached = _rank(tried, document, anchor, now.top_k)
            if reached:
                yield _fix(tried, knob, value, reached, settings)
                break


Candidate = tuple[float | int | str, SearchSettings]


def _candidates(now: SearchSettings, modes: Sequence[str]) -> Iterator[tuple[str, list[Candidate]]]:
    """Values of each setting, nearest to the present one first."""
    size, overlap = now.chunk_size or int(CHUNK_SIZE.default), now.chunk_overlap or 0
    sizes = sorted((s for s in _SIZES if s != size), key=lambda s: abs(s - size))
    if now.mode not in EMBEDS_CHUNKS:  # each size would have to be embedded first
        yield "chunk_size", [(s, replace(now, chunk_size=s, chunk_overlap=min(overlap, s - 1))) for s in sizes]
    if now.mode in ("field", "chunks"):
        weights = sorted((w for w in _WEIGHTS if w != now.weight), key=lambda w: abs(w - now.weight))
        yield "weight", [(w, replace(now, weight=w)) for w in weights]
    if now.mode == "field":
        floors = sorted((f for f in _FLOORS if f != now.floor), key=lambda f: abs(f - now.floor))
        yield "floor", [(f, replace(now, floor=f)) for f in floors]
    yield "mode", [(mode, replace(now, mode=mode)) for mode in modes if mode != now.mode]


def _fix(ranking: Ranking, knob: str, value: float | int | str, rank: int, settings: SearchSettings) -> Fix:
    return Fix(knob, value, rank, sum(hit.tokens for hit in ranking.hits(settings.top_k)), settings)
