"""The four recipes: a question and a cut → passages in order of score, one by one.

    field    passages grown around the best sentences           scored by the field at their anchor
    chunks   chunks of the fixed partition                      scored by their best sentence in the field
    dense    chunks of the fixed partition                      cosine of each chunk's own vector, exact
    keyword  chunks of the fixed partition                      BM25

A list is made only as far as somebody looks. Knows nothing of ranks, of how vectors are made, or of the page.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bm25 import Windows
from .corpus import Corpus, Partition
from .field import Scores
from .settings import SearchSettings
from .terms import terms
from .types import Document, FloatArray


@dataclass(frozen=True)
class Asked:
    """What a recipe works with. `vector`, shape (d,), is None when the recipe needs none."""

    text: str
    vector: FloatArray | None
    corpus: Corpus
    partition: Partition
    settings: SearchSettings

    @cached_property
    def scores(self) -> Scores:
        """The field's scores."""
        return self.corpus.table.scores(self.text, self.unit_cosines, self.settings.weight)

    @cached_property
    def unit_cosines(self) -> FloatArray:
        """The question's cosine with every unit; empty without a vector."""
        return np.zeros(0, np.float32) if self.vector is None else self.corpus.unit_cosines(self.vector)

    @cached_property
    def chunk_cosines(self) -> FloatArray:
        """The question's cosine with every chunk of the partition; empty without a vector."""
        if self.vector is None:
            return np.zeros(0, np.float32)
        return self.corpus.chunk_cosines(self.vector, self.partition)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage before it has a rank. `row` is its anchor in the table of sentences."""

    document: Document
    start: int
    end: int
    tokens: int
    score: float
    dense: float | None
    keyword: float | None
    row: int
    copies: int
    dense_share: float


Recipe = Callable[[Asked], Iterator[Found]]


def by_field(asked: Asked) -> Iterator[Found]:
    """Passages grown on the field."""
    table, documents = asked.corpus.table, asked.corpus.state.documents
    scores = asked.scores
    chunking, settings = asked.partition.settings, asked.settings
    allowed = _allowed(asked)
    for passage in table.passages(scores.field, chunking.chunk_size, settings.floor, allowed):
        document = documents[table.documents[passage.anchor]]
        start, end, tokens = _within(asked, passage.first, passage.last)
        yield Found(
            document,
            start,
            end,
            tokens,
            score=float(scores.field[passage.anchor]),
            dense=float(scores.dense[table.units[passage.anchor]]) if len(scores.dense) else None,
            keyword=float(scores.keyword[passage.anchor]),
            row=passage.anchor,
            copies=int(table.copies[passage.anchor]),
            dense_share=table.dense_share(scores, passage.anchor),
        )


def _within(asked: Asked, first: int, last: int) -> tuple[int, int, int]:
    """Offsets and tokens of sentences first … last; a single sentence longer than chunk_size gives its best part."""
    table, chunking = asked.corpus.table, asked.partition.settings
    start, end = int(table.starts[first]), int(table.ends[last])
    tokens = int(table.tokens[first : last + 1].sum())
    if first < last or tokens <= chunking.chunk_size:
        return start, end, tokens
    document = asked.corpus.state.documents[table.documents[first]]
    wanted = set(terms(asked.text))
    parts = asked.corpus.cut_slice(document, start, end, chunking.chunk_size)
    best = max(parts, key=lambda part: len(wanted & set(terms(document.text[part.start : part.end]))))
    return best.start, best.end, best.tokens


def by_chunks(asked: Asked) -> Iterator[Found]:
    """Chunks by their best sentence in the field."""
    table = asked.corpus.table
    scores = asked.scores
    low, high = asked.corpus.chunk_rows(asked.partition)
    # reduceat over low[0], high[0], low[1], …: every other result is a chunk's maximum
    edges = np.column_stack([low, high]).ravel()
    best = np.maximum.reduceat(np.append(scores.field, np.float32(0)), edges)[::2] if len(edges) else scores.field[:0]

    def parts(i: int) -> tuple[float | None, float | None, int, float]:
        row = int(low[i] + scores.field[low[i] : high[i]].argmax())
        dense = float(scores.dense[table.units[row]]) if len(scores.dense) else None
        return dense, float(scores.keyword[row]), row, table.dense_share(scores, row)

    yield from _chunks(asked, best, parts)


def by_dense(asked: Asked) -> Iterator[Found]:
    """Chunks by the cosine of their own vectors."""
    cosine = asked.chunk_cosines
    low, _ = asked.corpus.chunk_rows(asked.partition)
    yield from _chunks(asked, cosine, lambda i: (float(cosine[i]), None, int(low[i]), 1.0))


def by_keyword(asked: Asked) -> Iterator[Found]:
    """Chunks by BM25."""
    corpus = asked.corpus
    low, high = corpus.chunk_rows(asked.partition)
    scores = Windows(corpus.table.postings, low, high).scores(terms(asked.text))
    yield from _chunks(asked, scores, lambda i: (None, float(scores[i]), int(low[i]), 0.0))


RECIPES: dict[str, Recipe] = {"field": by_field, "chunks": by_chunks, "dense": by_dense, "keyword": by_keyword}
EMBEDS_CHUNKS = frozenset({"dense"})
NEEDS_NO_VECTORS = frozenset({"keyword"})


def _chunks(
    asked: Asked, score: FloatArray, parts: Callable[[int], tuple[float | None, float | None, int, float]]
) -> Iterator[Found]:
    """The partition's chunks in order of score, equal ones in document order, equal texts once."""
    corpus, partition = asked.corpus, asked.partition
    copies = Counter(partition.hashes)
    wanted = asked.settings.documents
    seen: set[bytes] = set()
    for i in np.argsort(-score, kind="stable").tolist():
        chunk, hashed = partition.chunks[i], partition.hashes[i]
        document = corpus.documents[chunk.document_id]
        if hashed in seen or (wanted is not None and document.name not in wanted):
            continue
        seen.add(hashed)
        dense, keyword, row, dense_share = parts(i)
        yield Found(
            document,
            chunk.start,
            chunk.end,
            chunk.tokens,
            score=float(score[i]),
            dense=dense,
            keyword=keyword,
            row=row,
            copies=copies[hashed],
            dense_share=dense_share,
        )


def _allowed(asked: Asked) -> "np.ndarray[tuple[int], np.dtype[np.bool_]] | None":
    wanted = asked.settings.documents
    if wanted is None:
        return None
    documents = asked.corpus.state.documents
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.array(
        [document.name in wanted for document in documents], bool
    )
    return inside[asked.corpus.table.documents]
