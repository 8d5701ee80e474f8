"""Question → ranked passages. One function for page, chat, REST, shell and evaluation.

Ranks what a recipe finds, decides whether anything was found at all, and lists it as far as somebody looks. Knows
nothing of how vectors are made, of files or of the page.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from .corpus import Corpus, Partition
from .errors import IndexMissing, QueryError
from .recipes import EMBEDS_CHUNKS, RECIPES, Asked, Found
from .settings import MAX_QUERY_CHARACTERS, ChunkSettings, SearchSettings
from .terms import terms
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
