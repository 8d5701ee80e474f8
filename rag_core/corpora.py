"""Indices with their models: which corpus stands for an index now, and the work that needs an embedder.

Keeps what is worth keeping between two calls: vectors in memory, the last questions' vectors, the level of unrelated
questions. Knows nothing of chat models, answers or the page. Safe to use from several threads.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .building import Plan, Watch, commit, embed_missing, plan, planned_state
from .corpus import Corpus, Partition, Vectors, Wanted
from .engines import Engines
from .errors import IndexMismatch
from .index import Index, State, text_hash
from .outline import headings
from .protocols import Embedder
from .recipes import EMBEDS_CHUNKS, NEEDS_NO_VECTORS
from .searching import UNRELATED_QUESTIONS, unrelated_level
from .settings import ChunkSettings, SearchSettings
from .shelf import Shelf
from .stores.exact import ExactStore
from .textmap import TextMapper
from .types import BuildReport, Document, FloatArray, Missing, Skipped

_QUERIES = 64  # questions whose vectors are remembered
_FIRST_GUESS = 4000.0  # tokens embedded per second, until a block has been timed
_MOST_TOKENS_A_CHARACTER = 0.8  # English has 0.25; Korean has 0.5 in a multilingual model, 1.3 in an English one
UNREAD_WEIGHT = 0.1  # the dense share for a script the embedder does not know, measured on Korean questions
_SAME_VECTOR = 0.999  # cosine above which a vector from elsewhere counts as this embedder's


class Corpora:
    """One corpus per open index, and everything that embeds."""

    def __init__(self, shelf: Shelf, engines: Engines) -> None:
        self._shelf = shelf
        self._engines = engines
        self._lock = threading.RLock()  # what is remembered
        self.writing = threading.RLock()  # one build at a time: they would only share the processor
        self._mapper: TextMapper | None = None
        self._corpora: dict[str, Corpus] = {}
        self._queries: OrderedDict[str, FloatArray] = OrderedDict()
        self._levels: OrderedDict[tuple[str, int, ChunkSettings | None], float] = OrderedDict()
        self._unrelated: FloatArray | None = None
        self._tokens_per_second = _FIRST_GUESS

    def check_embedder(self, index: Index) -> State:
        """The index's state; IndexMismatch when its vectors are another model's."""
        state, embedder = index.state, self._engines.embedder()
        if state.embedder and state.embedder != embedder.fingerprint:
            theirs = state.embedder_name or "another model"
            raise IndexMismatch(
                f"{index.name} was embedded with {theirs}, but {embedder.name} is loaded. "
                f"Embed it anew with {embedder.name} (python -m rag_core reembed {index.name}) "
                f"or choose {theirs} again."
            )
        return state

    def corpus(self, name: str) -> Corpus:
        """The corpus of an index as it is now."""
        index = self._shelf.open(name)
        state = self.check_embedder(index)
        with self._lock:
            corpus = self._corpora.get(index.name)
            if corpus is None or corpus.state is not state:
                corpus = self._corpora[index.name] = self._load(index, state)
            return corpus

    def cut(self, name: str, settings: ChunkSettings | None) -> tuple[Corpus, ChunkSettings]:
        """The corpus, and the settings given or the index's default."""
        corpus = self.corpus(name)
        return corpus, settings or corpus.state.defaults

    def forget(self, name: str) -> None:
        """Drop what is remembered of an index."""
        with self._lock:
            self._corpora.pop(name, None)

    def missing(self, corpus: Corpus, partition: Partition, mode: str) -> Missing:
        """What a recipe still has to embed, with an estimate from the blocks embedded so far."""
        if mode in NEEDS_NO_VECTORS:
            return Missing(0, 0, 0, 0.0)
        chunks = mode in EMBEDS_CHUNKS
        wanted = corpus.missing_chunks(partition) if chunks else corpus.missing_units()
        tokens = sum(each.tokens for each in wanted)
        total = len(partition.chunks) if chunks else len(corpus.unit_hashes)
        return Missing(total, len(wanted), tokens, tokens / self._tokens_per_second)

    def fill_in(self, name: str, corpus: Corpus, partition: Partition | None, watch: Watch) -> int:
        """Embed and keep what is missing of a cut, or of the units for None; how many texts that was."""
        wanted = corpus.missing_units() if partition is None else corpus.missing_chunks(partition)
        if not wanted:
            return 0
        with self.writing:
            return self._embed(self._shelf.open(name), corpus, wanted, watch)

    def build(
        self,
        name: str,
        loaded: Iterator[Document | Skipped],
        total: int,
        settings: ChunkSettings | None,
        watch: Watch,
    ) -> BuildReport:
        """Load, map, embed and commit; nothing is visible before the commit, and vectors outlive a cancel."""
        began = time.perf_counter()
        with self.writing:
            index = self._shelf.open(name, create=True)
            state = self.check_embedder(index)
            settings = settings or state.defaults
            result = plan(state, loaded, total, self._text_mapper(), watch)
            corpus = self._base(index, state).evolve(planned_state(state, result))
            embedded = self._embed(index, corpus, corpus.missing_units(), watch)
            self._commit(index, state, result, settings, corpus)
        return BuildReport(
            index=index.name,
            documents=len(corpus.documents),
            units=len(corpus.unit_hashes),
            added=tuple(result.added),
            replaced=tuple(result.replaced),
            unchanged=tuple(result.unchanged),
            skipped=tuple(result.skipped),
            embedded=embedded,
            reused=_reused(result, corpus, embedded),
            seconds=time.perf_counter() - began,
        )

    def reembed(self, name: str, watch: Watch) -> int:
        """Map and embed an index anew with the embedder that is loaded; how many texts that was."""
        with self.writing:
            index, embedder, mapper = self._shelf.open(name), self._engines.embedder(), self._text_mapper()
            state = index.state
            maps = {
                document.id: mapper.map(document.text, headings(document.text, document.metadata))
                for document in state.documents
            }
            corpus = self._load(index, replace(state, maps=maps))
            embedded = self._embed(index, corpus, corpus.missing_units(), watch)
            index.commit(models=_models(embedder), maps=maps)
            return embedded

    def adopt_vectors(self, name: str, documents: Sequence[Document], vectors: dict[str, FloatArray]) -> None:
        """Keep vectors made elsewhere, by text, if this embedder makes the same ones."""
        embedder = self._engines.embedder()
        sample = list(vectors)[:: max(1, len(vectors) // 8)][:8]
        own = embedder.embed_passages(sample) if sample else np.empty((0, 0), np.float32)
        for text, row in zip(sample, own, strict=True):
            theirs = vectors[text]
            if theirs.shape != row.shape or not theirs @ row >= _SAME_VECTOR * np.linalg.norm(theirs):
                return
        if sample:
            index = self._shelf.open(name, create=True)
            users = [document.id for document in documents]
            unit = ((text_hash(text), row / np.linalg.norm(row), users) for text, row in vectors.items())
            index.add_vectors(embedder.fingerprint, unit)
            self.forget(index.name)

    def query_vector(self, query: str) -> FloatArray:
        """The question's vector; the last few are remembered."""
        with self._lock:
            vector = self._queries.get(query)
        if vector is None:
            vector = self._engines.embedder().embed_query(query)
        with self._lock:
            self._queries[query] = vector
            self._queries.move_to_end(query)
            while len(self._queries) > _QUERIES:
                self._queries.popitem(last=False)
        return vector

    def unrelated_level(self, name: str, corpus: Corpus, partition: Partition | None) -> float:
        """The cosine that unrelated questions reach in a cut, or among the units for None; remembered."""
        key = (name, corpus.state.version, partition.settings if partition else None)
        with self._lock:
            level = self._levels.get(key)
        if level is None:
            level = unrelated_level(corpus, partition, self._unrelated_vectors())
            with self._lock:
                self._levels[key] = level
                while len(self._levels) > _QUERIES:
                    self._levels.popitem(last=False)
        return level

    def unrelated_cosines(self, corpus: Corpus) -> FloatArray:
        """Cosines of the unrelated questions with every unit, shape (q, u)."""
        rows = [corpus.unit_cosines(question) for question in self._unrelated_vectors()]
        return np.stack(rows) if rows else np.zeros((0, len(corpus.unit_hashes)), np.float32)

    def reads(self, text: str) -> bool:
        """Whether the embedder knows the script: one it does not know falls apart into single characters."""
        characters = len("".join(text.split()))
        return self._engines.embedder().tokenizer.count([text])[0] <= _MOST_TOKENS_A_CHARACTER * characters

    def unread_note(self, settings: SearchSettings, weight: float) -> str:
        """Why the question's words count for more than its vector."""
        name = self._engines.embedder().name
        if settings.mode == "dense":
            return f"{name} does not know the script of this question; its cosines say little. Choose another recipe."
        if weight == settings.weight:
            return f"{name} does not know the script of this question."
        return f"{name} does not know the script of this question, so its weight fell to {weight:g}; words decide."

    def _unrelated_vectors(self) -> FloatArray:
        with self._lock:
            rows = self._unrelated
        if rows is None:
            embedder = self._engines.embedder()
            read = [embedder.embed_query(question) for question in UNRELATED_QUESTIONS if self.reads(question)]
            rows = np.array(read, np.float32).reshape(len(read), embedder.dimensions)
            with self._lock:
                self._unrelated = rows
        return rows

    def _commit(self, index: Index, state: State, result: Plan, settings: ChunkSettings, corpus: Corpus) -> None:
        commit(index, state, result, settings, corpus, _models(self._engines.embedder()))
        with self._lock:
            self._corpora[index.name] = corpus.evolve(index.state)

    def _embed(self, index: Index, corpus: Corpus, wanted: Sequence[Wanted], watch: Watch) -> int:
        return embed_missing(index, corpus.vectors, wanted, self._engines.embedder(), watch, self._measured)

    def _base(self, index: Index, state: State) -> Corpus:
        with self._lock:
            corpus = self._corpora.get(index.name)
        return corpus if corpus is not None and corpus.state is state else self._load(index, state)

    def _load(self, index: Index, state: State) -> Corpus:
        embedder = self._engines.embedder()
        vectors = Vectors(ExactStore)
        vectors.add(*index.vectors(embedder.fingerprint))
        return Corpus(state, embedder.tokenizer, vectors)

    def _text_mapper(self) -> TextMapper:
        with self._lock:
            if self._mapper is None:
                self._mapper = TextMapper(self._engines.embedder().tokenizer)
            return self._mapper

    def _measured(self, tokens: int, seconds: float) -> None:
        if seconds > 0:  # a moving average: the first block also pays for loading
            self._tokens_per_second += 0.3 * (tokens / seconds - self._tokens_per_second)


def _models(embedder: Embedder) -> tuple[str, str, str]:
    return embedder.fingerprint, embedder.name, embedder.tokenizer.fingerprint


def _reused(result: Plan, corpus: Corpus, embedded: int) -> int:
    """Units of the new documents that had their vector already."""
    new = {document.id for document, _ in result.add}
    return max(0, len({hashed for hashed, owner in corpus.uses() if owner in new}) - embedded)
