"""An index in memory, ready to be cut and searched: cutters, one vector store, partitions at any settings.

Everything here is derived from one State of an Index and the vectors stored beside it. Knows nothing of files, of how
vectors are made, or of recipes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .chunking import Cutter, cut
from .errors import IndexMismatch
from .field import Ints, Table
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


@dataclass(slots=True)
class Wanted:
    """A text that has no vector yet; `users` are the ids of the documents it stands in."""

    hashed: bytes
    text: str
    tokens: int
    users: set[str]


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

    def numbers(self, hashes: Sequence[bytes]) -> Ints | None:
        """The store's row of every hash, shape (n,), which never changes; None if one is missing."""
        try:
            return np.fromiter(map(self._rows.__getitem__, hashes), np.int64, len(hashes))
        except KeyError:
            return None

    def scores(self, query: FloatArray, numbers: Ints) -> FloatArray:
        """Cosine of a unit query, shape (d,), with the rows of these numbers, shape (n,)."""
        if self._store is None:
            return np.zeros(0, np.float32)
        scores: FloatArray = self._store.scores(query)[numbers]
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
        self._table: Table | None = None
        self._numbers: OrderedDict[ChunkSettings | None, Ints] = OrderedDict()  # None: the units'

    @property
    def table(self) -> Table:
        """All sentences with what their field needs; made on first use."""
        with self._lock:
            if self._table is None:
                documents = self.state.documents
                missing = [document.name for document in documents if document.id not in self.state.maps]
                if missing:
                    raise IndexMismatch(f"{missing[0]} has no text map for this embedder. Embed the index anew.")
                self._table = Table(documents, [self.state.maps[document.id] for document in documents])
            return self._table

    @cached_property
    def unit_hashes(self) -> list[bytes]:
        """What the vector of every unit is filed under."""
        return [text_hash(text) for text in self.table.unit_texts(self.state.documents)]

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
                    raise IndexMismatch(f"{document.name} has no text map for this embedder. Embed the index anew.")
                cutter = Cutter(document.text, text_map, self._tokenizer, document.id)
                self._cutters[document.id] = cutter
        return cutter.cut(settings)

    def cut_slice(self, document: Document, start: int, end: int, size: int) -> list[Chunk]:
        """A stretch of a document cut at a size; it begins and ends at pieces of the map."""
        text_map = self.state.maps[document.id]
        first, after = (int(i) for i in np.searchsorted(text_map.starts, (start, end)))
        part = replace(
            text_map,
            starts=text_map.starts[first:after],
            ends=text_map.ends[first:after],
            tokens=text_map.tokens[first : after + 1] - text_map.tokens[first],
            breaks=text_map.breaks[first:after],
        )
        return cut(document.text, part, ChunkSettings(size), self._tokenizer, document.id)

    def chunk_rows(self, partition: Partition) -> tuple[Ints, Ints]:
        """The sentences [low, high) that each chunk touches, as rows of the table; both ascending."""
        table = self.table
        first_row = {document.id: i for i, document in enumerate(self.state.documents)}
        owners = np.fromiter(
            (first_row[chunk.document_id] for chunk in partition.chunks), np.int64, len(partition.chunks)
        )
        # one number line for all documents: each begins where no offset of the one before can reach
        span = max((len(document.text) for document in self.state.documents), default=0) + 1
        starts = np.fromiter((chunk.start for chunk in partition.chunks), np.int64, len(owners)) + owners * span
        ends = np.fromiter((chunk.end for chunk in partition.chunks), np.int64, len(owners)) + owners * span
        low = np.searchsorted(table.ends + table.documents * span, starts, "right")
        high = np.searchsorted(table.starts + table.documents * span, ends, "left")
        return low, high

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

    def missing_chunks(self, partition: Partition) -> list[Wanted]:
        """Chunks without a vector; equal texts are embedded once."""
        if self._numbers_of(partition) is not None:
            return []
        missing: dict[bytes, Wanted] = {}
        for hashed, chunk in zip(partition.hashes, partition.chunks, strict=True):
            if hashed in missing:
                missing[hashed].users.add(chunk.document_id)
            elif hashed not in self.vectors:
                missing[hashed] = Wanted(hashed, self.text(chunk), chunk.tokens, {chunk.document_id})
        return list(missing.values())

    def missing_units(self) -> list[Wanted]:
        """Units without a vector; equal texts are embedded once."""
        if self._numbers_of(None) is not None:
            return []
        missing: dict[bytes, Wanted] = {}
        unit = 0
        for document, part in zip(self.state.documents, self.table.parts, strict=True):
            tokens = np.bincount(part.units, part.tokens).astype(int).tolist()
            for i, count in enumerate(tokens):
                hashed = self.unit_hashes[unit + i]
                if hashed in missing:
                    missing[hashed].users.add(document.id)
                elif hashed not in self.vectors:
                    missing[hashed] = Wanted(hashed, part.unit_text(document.text, i), count, {document.id})
            unit += len(tokens)
        return list(missing.values())

    def uses(self) -> list[tuple[bytes, str]]:
        """(text hash, document id) of every unit."""
        owners = (
            d.id for d, part in zip(self.state.documents, self.table.parts, strict=True) for _ in part.unit_starts
        )
        return list(zip(self.unit_hashes, owners, strict=True))

    def chunk_cosines(self, query: FloatArray, partition: Partition) -> FloatArray:
        """Cosine of a unit query, shape (d,), with every chunk of a partition, shape (n,)."""
        return self._scores(query, partition)

    def unit_cosines(self, query: FloatArray) -> FloatArray:
        """Cosine of a unit query, shape (d,), with every unit, shape (u,)."""
        return self._scores(query, None)

    def _scores(self, query: FloatArray, partition: Partition | None) -> FloatArray:
        numbers = self._numbers_of(partition)
        if numbers is None:
            raise KeyError("some texts have no vector yet")
        return self.vectors.scores(query, numbers)

    def _numbers_of(self, partition: Partition | None) -> Ints | None:
        """The vectors' rows of a cut, or of the units for None; looked up once, since rows never change."""
        key = partition.settings if partition else None
        with self._lock:
            if key in self._numbers:
                return self._numbers[key]
        numbers = self.vectors.numbers(partition.hashes if partition else self.unit_hashes)
        if numbers is not None:
            with self._lock:
                self._numbers[key] = numbers
                while len(self._numbers) > _PARTITIONS + 1:
                    self._numbers.popitem(last=False)
        return numbers
