"""Question → ranked chunks. One function for page, chat, REST, shell and evaluation.

A recipe turns a question's vector and a partition into score parts per chunk; `rank` orders them. `dense` is exact
cosine of each chunk's own vector. Knows nothing of how vectors are made, of files or of the page.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .corpus import Corpus, Partition
from .errors import QueryError
from .settings import MAX_QUERY_CHARACTERS, ChunkSettings, SearchSettings
from .types import FloatArray, Hit

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


@dataclass(frozen=True, slots=True)
class Parts:
    """Scores of every chunk of a partition, shape (n,) each. `score` ranks; a part a recipe does not use is None."""

    score: FloatArray
    dense: FloatArray | None = None
    keyword: FloatArray | None = None


Recipe = Callable[[Corpus, Partition, FloatArray], Parts]


def dense(corpus: Corpus, partition: Partition, query: FloatArray) -> Parts:
    """Cosine of the question with each chunk's own vector."""
    cosine = corpus.scores(query, partition)
    return Parts(score=cosine, dense=cosine)


RECIPES: dict[str, Recipe] = {"dense": dense}


@dataclass(frozen=True, slots=True)
class Ranking:
    """All chunks of a partition in order of score; `hits` cuts it at any top_k without searching again.

    `cut` is the cosine that unrelated questions reach here; `found` says whether the best chunk is above it.
    """

    query: str
    settings: SearchSettings
    chunking: ChunkSettings
    corpus: Corpus
    partition: Partition
    parts: Parts
    order: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    cut: float
    seconds: float

    @property
    def total(self) -> int:
        """How many chunks were ranked."""
        return len(self.order)

    @property
    def scores(self) -> FloatArray:
        """The ranking score of every chunk, in document order, shape (n,)."""
        return self.parts.score

    @property
    def nearest(self) -> float:
        """Raw cosine of the closest chunk; 0 when there are none."""
        return float(self.parts.dense.max()) if self.parts.dense is not None and self.total else 0.0

    @property
    def found(self) -> bool:
        """Whether anything is closer than an unrelated question would be."""
        return self.total > 0 and self.nearest >= self.cut

    def hits(self, top_k: int | None = None) -> list[Hit]:
        """The best `top_k` chunks; by default as many as the settings ask for."""
        top_k = SearchSettings(top_k=self.settings.top_k if top_k is None else top_k).top_k
        return [self._hit(rank, int(i)) for rank, i in enumerate(self.order[:top_k], 1)]

    def _hit(self, rank: int, i: int) -> Hit:
        chunk = self.partition.chunks[i]
        return Hit(
            rank=rank,
            score=float(self.parts.score[i]),
            document=self.corpus.documents[chunk.document_id].name,
            document_id=chunk.document_id,
            start=chunk.start,
            end=chunk.end,
            tokens=chunk.tokens,
            text=self.corpus.text(chunk),
            dense=None if self.parts.dense is None else float(self.parts.dense[i]),
            keyword=None if self.parts.keyword is None else float(self.parts.keyword[i]),
        )


def checked_query(query: object) -> str:
    """The question without white space around it; QueryError when it is empty or too long."""
    if not isinstance(query, str) or not query.strip():
        raise QueryError("The question is empty. Type what you want to find.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise QueryError(f"The question has {len(query):,} characters; {MAX_QUERY_CHARACTERS:,} are the most.")
    return query.strip()


def rank(
    corpus: Corpus, query: str, vector: FloatArray, settings: SearchSettings, chunking: ChunkSettings, cut: float
) -> Ranking:
    """Score and order every chunk at `chunking`. `vector` is the question's, shape (d,); all chunks are embedded."""
    began = time.perf_counter()
    partition = corpus.partition(chunking)
    parts = RECIPES[settings.mode](corpus, partition, vector)
    order = np.argsort(-parts.score, kind="stable")  # equal scores in document order, the same on every machine
    return Ranking(
        query=query,
        settings=replace(settings, chunk_size=chunking.chunk_size, chunk_overlap=chunking.chunk_overlap),
        chunking=chunking,
        corpus=corpus,
        partition=partition,
        parts=parts,
        order=order,
        cut=cut,
        seconds=time.perf_counter() - began,
    )


def unrelated_level(corpus: Corpus, partition: Partition, questions: FloatArray) -> float:
    """The cosine that nine of ten unrelated questions stay below in this partition; `questions` are rows (q, d)."""
    if not partition.chunks or not len(questions):
        return 0.0
    return float(np.quantile([corpus.scores(question, partition).max() for question in questions], 0.9))
