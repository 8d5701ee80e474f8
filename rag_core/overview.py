"""Figures about an index and a search as a whole: is the match real, how are the chunks, what lies near what.

Pure arithmetic on what a search and a cut have already made. Knows nothing of models, files or the page.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from .corpus import Corpus, Partition
from .searching import Ranking
from .types import BREAK_SENTENCE, FloatArray, Heat, Hit, Run

_LEAST_SEPARATION = 0.05  # cosine: below it the hits stand no higher than unrelated questions do


@dataclass(frozen=True, slots=True)
class Match:
    """How the cosines of a search lie. `related` and `unrelated`: share of pairs by bin of `edges`, shape (bins + 1,).

    `best`: the highest cosine; `above`: the share of unrelated pairs it exceeds; `passing`: the share of unrelated
    pairs at or above `cut`; `separates`: whether the best stands clearly above what unrelated questions reach.
    """

    edges: FloatArray
    related: FloatArray
    unrelated: FloatArray
    best: float
    cut: float
    above: float
    passing: float
    separates: bool


def match(ranking: Ranking, unrelated: FloatArray) -> Match:
    """Judge a search. `unrelated`: cosines of unrelated questions with the same units, any shape."""
    asked = ranking.asked
    cosines = asked.unit_cosines
    strangers = np.sort(unrelated.ravel())
    best = float(cosines.max()) if len(cosines) else 0.0
    everything = np.concatenate([cosines, strangers, [0.0, 1.0]])
    edges = np.linspace(np.floor(everything.min() * 20) / 20, np.ceil(everything.max() * 20) / 20, 41)
    count = max(len(strangers), 1)
    return Match(
        edges=edges.astype(np.float32),
        related=_shares(cosines, edges),
        unrelated=_shares(strangers, edges),
        best=best,
        cut=ranking.cut,
        above=float(np.searchsorted(strangers, best, "left")) / count,
        passing=1 - float(np.searchsorted(strangers, ranking.cut, "left")) / count,
        separates=best >= ranking.cut + _LEAST_SEPARATION,
    )


def _shares(values: FloatArray, edges: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> FloatArray:
    counts = np.histogram(values, edges)[0]
    shares: FloatArray = (counts / max(len(values), 1)).astype(np.float32)
    return shares


@dataclass(frozen=True, slots=True)
class ChunkStatistics:
    """Chunks of a cut in figures. `tokens`, `characters`: of every chunk; `scripts`: (name, tokens a character)."""

    count: int
    tokens: Sequence[int]
    characters: Sequence[int]
    scripts: Sequence[tuple[str, float]]
    too_long: int  # for the embedder
    duplicates: int
    begin_inside: int  # begin in the middle of a sentence
    end_inside: int


def chunk_statistics(corpus: Corpus, partition: Partition, max_tokens: int) -> ChunkStatistics:
    """Count the chunks of a cut; `max_tokens` is what the embedder reads of one."""
    tokens = [chunk.tokens for chunk in partition.chunks]
    begin_inside = end_inside = 0
    for document in corpus.state.documents:
        text_map = corpus.state.maps[document.id]
        last = text_map.breaks >= BREAK_SENTENCE
        ends = set(text_map.ends[last].tolist())
        begins = {int(text_map.starts[0])} if len(text_map.starts) else set()
        begins |= set(text_map.starts[1:][last[:-1]].tolist())
        own = [chunk for chunk in partition.chunks if chunk.document_id == document.id]
        begin_inside += sum(chunk.start not in begins for chunk in own)
        end_inside += sum(chunk.end not in ends for chunk in own)
    return ChunkStatistics(
        count=len(tokens),
        tokens=tokens,
        characters=[chunk.end - chunk.start for chunk in partition.chunks],
        scripts=_scripts(corpus),
        too_long=sum(count > max_tokens for count in tokens),
        duplicates=len(partition.hashes) - len(set(partition.hashes)),
        begin_inside=begin_inside,
        end_inside=end_inside,
    )


def _scripts(corpus: Corpus) -> list[tuple[str, float]]:
    """Tokens a character of documents that are mostly Korean, and of the others."""
    spent = {"Korean": [0, 0], "other": [0, 0]}
    for document in corpus.state.documents:
        hangul = sum("가" <= character <= "힣" for character in document.text[:4000])
        kind = "Korean" if hangul > 0.2 * len(document.text[:4000]) else "other"
        spent[kind][0] += corpus.state.maps[document.id].total
        spent[kind][1] += len(document.text)
    return [(kind, tokens / characters) for kind, (tokens, characters) in spent.items() if characters]


@dataclass(frozen=True, slots=True)
class Projection:
    """Units on a plane: `points`, shape (u, 2), and the `question`, shape (2,), by the first two principal axes."""

    points: FloatArray
    question: FloatArray | None
    documents: Sequence[str]  # document's name of every unit
    starts: Sequence[int]
    ends: Sequence[int]


def projection(corpus: Corpus, vector: FloatArray | None) -> Projection:
    """PCA of all units, by the eigenvectors of their covariance, shape (d, d)."""
    rows = corpus.vectors.rows(corpus.unit_hashes)
    documents = [
        (document.name, int(start), int(end))
        for document, part in zip(corpus.state.documents, corpus.table.parts, strict=True)
        for start, end in zip(part.unit_starts, part.unit_ends, strict=True)
    ]
    names, starts, ends = zip(*documents, strict=True) if documents else ((), (), ())
    if len(rows) < 3:
        return Projection(np.zeros((len(rows), 2), np.float32), None, names, starts, ends)
    mean = rows.mean(axis=0)
    centred = rows - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # the sign is free; fix it
    question = None if vector is None else ((vector - mean) @ axes).astype(np.float32)
    return Projection((centred @ axes).astype(np.float32), question, names, starts, ends)


def heat(ranking: Ranking, document_name: str) -> Heat:
    """The field over one document; steps 1 to 5 divide what lies between half of the best score and the best."""
    table = ranking.corpus.table
    number = [document.name for document in ranking.corpus.state.documents].index(document_name)
    rows = slice(table.first_row[number], table.first_row[number + 1])
    scores = ranking.asked.scores.field
    best = float(scores.max()) if len(scores) else 0.0
    own = scores[rows]
    steps = np.clip(np.ceil((own / best - 0.5) * 10), 0, 5).astype(int) if best > 0 else np.zeros(len(own), int)
    return Heat(
        starts=tuple(table.starts[rows].tolist()),
        ends=tuple(table.ends[rows].tolist()),
        scores=tuple(own.tolist()),
        steps=tuple(steps.tolist()),
    )


def run_of(ranking: Ranking) -> Run:
    """A search as the film strip keeps it."""
    hits = ranking.hits()
    return Run(
        query=ranking.query,
        settings=asdict(ranking.settings),
        places=tuple((hit.rank, _place(ranking.corpus, hit)) for hit in hits),
        tokens=sum(hit.tokens for hit in hits),
        seconds=ranking.seconds,
        at=time.time(),
    )


def _place(corpus: Corpus, hit: Hit) -> float:
    """Where a hit lies in the index, documents one after another: 0 at the beginning, 1 at the end."""
    before = 0
    for document in corpus.state.documents:
        if document.id == hit.document_id:
            break
        before += len(document.text)
    return (before + hit.start) / max(sum(len(document.text) for document in corpus.state.documents), 1)
