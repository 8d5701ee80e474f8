"""An index in memory, ready to be cut and searched: cutters, one vector store, partitions at any settings.

Everything here is derived from one State of an Index and the vectors stored beside it. Knows nothing of files, of how
vectors are made, or of recipes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .chunking import Cutter
from .errors import IndexMissing
from .index import State, text_hash
from .protocols import Tokenizer, VectorStore
from .settings import ChunkSettings
from .types import Chunk, Document, FloatArray

_PARTITIONS = 16  # cuts kept, so that going back to a setting is instant


@dataclass(frozen=True, slots=True)
class Partition:
    """All chunks of all documents at one setting. `hashes[i]` files the vector of `chunks[i]`."""

    settings: ChunkSettings
    chunks: list[Chunk]
    hashes: list[bytes]


class Vectors:
    """A store's rows by text hash. Grows while it is searched; nothing is ever taken out."""

    def __init__(self, new_store: Callable[[int], VectorStore]) -> None:
        """`new_store(d)` makes an empty store for vectors of length d."""
        self._new_store = new_store
        self._store: VectorStore | None = None
        self._rows: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def __contains__(self, hashed: bytes) -> bool:
        return hashed in self._rows

    def add(self, hashes: Sequence[bytes], vectors: FloatArray) -> None:
        """Unit vectors, shape (n, d), of texts by hash; known texts are left as they are."""
        with self._lock:
            fresh = [i for i, hashed in enumerate(hashes) if hashed not in self._rows]
            if not fresh:
                return
            if self._store is None:
                self._store = self._new_store(vectors.shape[1])
            rows = self._store.add(vectors[fresh])
            self._rows.update((hashes[i], int(row)) for i, row in zip(fresh, rows, strict=True))

    def rows(self, hashes: Sequence[bytes]) -> FloatArray:
        """The vectors themselves, shape (n, d)."""
        if self._store is None:
            return np.zeros((0, 0), np.float32)
        return self._store.rows(np.fromiter((self._rows[hashed] for hashed in hashes), np.int32, len(hashes)))

    def scores(self, query: FloatArray, hashes: Sequence[bytes]) -> FloatArray:
        """Cosine of a unit query, shape (d,), with the vector of each hash, shape (n,). KeyError if one is missing."""
        rows = np.fromiter((self._rows[hashed] for hashed in hashes), np.intp, len(hashes))
        if self._store is None:
            return np.zeros(0, np.float32)
        scores: FloatArray = self._store.scores(query)[rows]
        return scores


class Corpus:
    """Documents, cuts and vectors of one index state. Vectors may be added; documents never change."""

    def __init__(self, state: State, tokenizer: Tokenizer, vectors: Vectors) -> None:
        self.state = state
        self.vectors = vectors
        self.documents: dict[str, Document] = {document.id: document for document in state.documents}
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._cutters: dict[str, Cutter] = {}
        self._partitions: OrderedDict[ChunkSettings, Partition] = OrderedDict()

    def evolve(self, state: State) -> "Corpus":
        """This corpus for another state: vectors are shared, cutters of documents that stay are kept."""
        corpus = Corpus(state, self._tokenizer, self.vectors)
        with self._lock:
            corpus._cutters = {key: cutter for key, cutter in self._cutters.items() if key in corpus.documents}
        return corpus

    def text(self, chunk: Chunk) -> str:
        """The chunk's own text."""
        return self.documents[chunk.document_id].text[chunk.start : chunk.end]

    def cut(self, document: Document, settings: ChunkSettings) -> list[Chunk]:
        """The chunks of one document."""
        with self._lock:
            cutter = self._cutters.get(document.id)
            if cutter is None:
                text_map = self.state.maps.get(document.id)
                if text_map is None:
                    raise IndexMissing(f"{document.name} has no text map for this embedder. Embed the index anew.")
                cutter = Cutter(document.text, text_map, self._tokenizer, document.id)
                self._cutters[document.id] = cutter
        return cutter.cut(settings)

    def partition(self, settings: ChunkSettings) -> Partition:
        """All chunks at these settings; the last few settings are remembered."""
        with self._lock:
            if settings in self._partitions:
                self._partitions.move_to_end(settings)
                return self._partitions[settings]
        chunks = [chunk for document in self.documents.values() for chunk in self.cut(document, settings)]
        partition = Partition(settings, chunks, [text_hash(self.text(chunk)) for chunk in chunks])
        with self._lock:
            self._partitions[settings] = partition
            while len(self._partitions) > _PARTITIONS:
                self._partitions.popitem(last=False)
        return partition

    def missing(self, partition: Partition) -> dict[bytes, list[Chunk]]:
        """Chunks without a vector, by text hash: equal texts are embedded once."""
        missing: dict[bytes, list[Chunk]] = {}
        for hashed, chunk in zip(partition.hashes, partition.chunks, strict=True):
            if hashed not in self.vectors:
                missing.setdefault(hashed, []).append(chunk)
        return missing

    def scores(self, query: FloatArray, partition: Partition) -> FloatArray:
        """Cosine of a unit query, shape (d,), with every chunk of a partition, shape (n,)."""
        return self.vectors.scores(query, partition.hashes)
