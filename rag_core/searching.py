"""Question → ranked passages. One function for page, chat, REST, shell and evaluation.

A recipe turns a question into passages in order of score, one by one: a list is made only as far as somebody looks.

    field    passages grown around the best sentences           scored by the field at their anchor
    chunks   chunks of the fixed partition                      scored by their best sentence in the field
    dense    chunks of the fixed partition                      cosine of each chunk's own vector, exact
    keyword  chunks of the fixed partition                      BM25

Knows nothing of how vectors are made, of files or of the page.
"""

import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .bm25 import Windows
from .corpus import Corpus, Partition
from .errors import IndexMissing, QueryError
from .field import Scores
from .settings import MAX_QUERY_CHARACTERS, ChunkSettings, SearchSettings
from .terms import terms
from .types import Document, FloatArray, Hit

# Questions about nothing in particular that people upload. What they reach by chance is the level of "unrelated".
UNRELATED_QUESTIONS = (
    "How do I renew my passport?",
    "What time does the last train to the airport leave?",
    "Who won the women's football final?",
    "Which vaccine does my dog need every year?",
    "How is the exam for a pilot's licence graded?",
    "What is the chemical formula of caffeine?",
    "How many moons does Jupiter have?",
    "When should tomatoes be planted outdoors?",
    "How do I file a tax return after moving abroad?",
    "Which chess opening did the champion play?",
    "What causes thunder?",
    "How do I reset the password of my e-mail account?",
    "Wer hat die Oper komponiert?",
    "여권은 어디에서 갱신하나요?",
    "내일 서울에 비가 올까요?",
    "목성의 위성은 몇 개인가요?",
    "지난 올림픽 마라톤에서 누가 이겼나요?",
    "강아지는 예방 접종을 언제 하나요?",
)


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


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages in order of score; `hits` cuts the list at any top_k without searching again.

    `nearest` is the best raw cosine; `cut` the one that unrelated questions reach here; `found` says whether
    anything is above it or says every word of the question. `note` says in words what the person should know of this
    search.
    """

    asked: Asked
    nearest: float
    cut: float
    found: bool
    note: str
    seconds: float
    _rest: Iterator[Found]
    _read: list[Hit] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def query(self) -> str:
        """The question."""
        return self.asked.text

    @property
    def corpus(self) -> Corpus:
        """What was searched."""
        return self.asked.corpus

    @property
    def chunking(self) -> ChunkSettings:
        """The cut that was searched."""
        return self.asked.partition.settings

    @property
    def settings(self) -> SearchSettings:
        """The settings as they were used, sizes filled in."""
        size, overlap = self.chunking.chunk_size, self.chunking.chunk_overlap
        return replace(self.asked.settings, chunk_size=size, chunk_overlap=overlap)

    @property
    def total(self) -> int:
        """How many sentences or chunks there were to choose from."""
        return len(self.corpus.table) if self.settings.mode == "field" else len(self.asked.partition.chunks)

    def each(self) -> Iterator[Hit]:
        """All passages, made as they are asked for."""
        at = 0
        while True:
            with self._lock:
                if at == len(self._read) and not self._read_on():
                    return
                hit = self._read[at]
            yield hit
            at += 1

    def hits(self, top_k: int | None = None) -> list[Hit]:
        """The best `top_k` passages; by default as many as the settings ask for."""
        top_k = SearchSettings(top_k=self.settings.top_k if top_k is None else top_k).top_k
        with self._lock:
            while len(self._read) < top_k and self._read_on():
                pass
            return self._read[:top_k]

    def cut_at(self, top_k: int) -> "Ranking":
        """The same passages under settings that ask for `top_k` of them, without searching again."""
        settings = replace(self.asked.settings, top_k=top_k)
        return replace(self, asked=replace(self.asked, settings=settings))

    def _read_on(self) -> bool:
        found = next(self._rest, None)
        if found is not None:
            self._read.append(_hit(len(self._read) + 1, found, self.corpus))
        return found is not None


def _hit(rank: int, found: Found, corpus: Corpus) -> Hit:
    table, document = corpus.table, found.document
    part = table.parts[table.documents[found.row]] if len(table) else None
    section = part.paths[part.sections[found.row - table.first_row[table.documents[found.row]]]] if part else ""
    pages = document.metadata.get("pages")
    return Hit(
        rank=rank,
        score=found.score,
        document=document.name,
        document_id=document.id,
        start=found.start,
        end=found.end,
        tokens=found.tokens,
        text=document.text[found.start : found.end],
        dense=found.dense,
        keyword=found.keyword,
        section=section,
        page=bisect_right(pages, found.start) if pages else None,
        anchor=(int(table.starts[found.row]), int(table.ends[found.row])) if part else None,
        copies=found.copies,
        dense_share=found.dense_share,
    )


def checked_query(query: object) -> str:
    """The question without white space around it; QueryError when it is empty or too long."""
    if not isinstance(query, str) or not query.strip():
        raise QueryError("The question is empty. Type what you want to find.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise QueryError(f"The question has {len(query):,} characters; {MAX_QUERY_CHARACTERS:,} are the most.")
    return query.strip()


def rank(asked: Asked, cut: float, note: str = "") -> Ranking:
    """Score everything and make ready to list it. `cut` 0 rules nothing out."""
    began = time.perf_counter()
    corpus, settings = asked.corpus, asked.settings
    for name in settings.documents or ():
        if all(document.name != name for document in corpus.state.documents):
            raise IndexMissing(f"There is no document named {name!r} here. Choose among those in the index.")
    listed = RECIPES[settings.mode](asked)
    first = next(listed, None)
    nearest = _nearest(asked)
    return Ranking(
        asked=asked,
        nearest=nearest,
        cut=cut,
        found=first is not None and (_says_it_all(asked.text, first) or _close(asked, first, nearest, cut)),
        note=note,
        seconds=time.perf_counter() - began,
        _rest=iter(()) if first is None else _limited(first, listed, settings),
    )


def _close(asked: Asked, first: Found, nearest: float, cut: float) -> bool:
    return nearest >= cut if asked.vector is not None else first.score > 0


def _says_it_all(query: str, first: Found) -> bool:
    """Whether every word of the question stands in the first passage: then it is found, whatever its cosine."""
    wanted = set(terms(query))
    return bool(wanted) and wanted <= set(terms(first.document.text[first.start : first.end]))


def _nearest(asked: Asked) -> float:
    cosines = asked.chunk_cosines if asked.settings.mode in EMBEDS_CHUNKS else asked.unit_cosines
    return float(cosines.max()) if len(cosines) else 0.0


def _limited(first: Found, rest: Iterator[Found], settings: SearchSettings) -> Iterator[Found]:
    """The list up to the stop score and the token budget, without what is below the cosine asked for."""
    spent = 0
    found: Found | None = first
    while found is not None:
        if settings.stop and found.score < settings.stop * first.score:
            return
        if settings.min_cosine is None or found.dense is None or found.dense >= settings.min_cosine:
            spent += found.tokens
            if settings.token_budget is not None and spent > settings.token_budget:
                return
            yield found
        found = next(rest, None)


def unrelated_level(corpus: Corpus, partition: Partition | None, questions: FloatArray) -> float:
    """The cosine that nine of ten unrelated questions stay below; `questions` are rows (q, d), None means the units."""
    if not len(questions) or not (corpus.unit_hashes if partition is None else partition.chunks):
        return 0.0
    reached = [
        (corpus.unit_cosines(q) if partition is None else corpus.chunk_cosines(q, partition)).max() for q in questions
    ]
    return float(np.quantile(reached, 0.9))
