"""One index: one SQLite file with documents, their text maps, vectors by content, and default settings.

Nothing in the file depends on a chunk_size: chunks are cut from the maps when they are asked for, and a vector belongs
to (embedder fingerprint, hash of the text), so no text is ever embedded twice. A change is one transaction (WAL,
synchronous=FULL): after a crash the file holds the old state or the new one. Vectors are stored ahead of the documents
they belong to; alone they mean nothing, and the next build finds them done.

Knows nothing of models, search or files outside its own.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import IndexMissing, StoreError
from .settings import ChunkSettings
from .types import Document, FloatArray, TextMap

FORMAT = 1
_RUNS = 50  # kept in a file
_APPLICATION_ID = 0x52414773  # "RAGs"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, name TEXT UNIQUE NOT NULL, text TEXT NOT NULL,
    media_type TEXT NOT NULL, size INTEGER NOT NULL, metadata TEXT NOT NULL, notes TEXT NOT NULL);
CREATE TABLE maps (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, tokenizer TEXT NOT NULL,
    starts BLOB NOT NULL, ends BLOB NOT NULL, tokens BLOB NOT NULL, breaks BLOB NOT NULL, sections BLOB NOT NULL,
    PRIMARY KEY (document_id, tokenizer));
CREATE TABLE vectors (
    embedder TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, hash)) WITHOUT ROWID;
CREATE TABLE uses (hash BLOB NOT NULL, document_id TEXT NOT NULL, PRIMARY KEY (hash, document_id)) WITHOUT ROWID;
CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL);
"""


def text_hash(text: str) -> bytes:
    """What a vector is filed under: BLAKE2b-128 of the text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class State:
    """What an index holds at one moment. Readers keep theirs while a writer prepares the next."""

    version: int
    documents: tuple[Document, ...]
    maps: Mapping[str, TextMap]  # by document id
    defaults: ChunkSettings
    embedder: str  # fingerprint
    embedder_name: str
    tokenizer: str  # fingerprint

    def document(self, name: str) -> Document:
        """The document of that name; IndexMissing when there is none."""
        for document in self.documents:
            if document.name == name:
                return document
        raise IndexMissing(f"There is no document named {name!r} here. It may have been removed or replaced.")


class Index:
    """An open index file. Safe to use from several threads; other processes may read and write it, too."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open a file; with `create`, make it if it is missing. IndexMissing, StoreError."""
        self.path = path
        self.name = path.stem
        self._lock = threading.RLock()
        if not create and not path.is_file():
            raise IndexMissing(f"There is no index named {self.name!r}. Upload files to make it, or choose another.")
        with self._guarded():
            self._db = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
            self._prepare(create)
            self._seen = self._data_version()
            self._state = self._read_state(0)

    @property
    def state(self) -> State:
        """The present state; read anew when another process has changed the file."""
        with self._lock, self._guarded():
            seen = self._data_version()
            if seen != self._seen:
                self._seen = seen
                self._state = self._read_state(self._state.version + 1)
            return self._state

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents, oldest first."""
        return self.state.documents

    @property
    def size(self) -> int:
        """Bytes on disk, the write-ahead log included."""
        paths = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def committed(self) -> bool:
        """Whether anything was ever saved: a first build that was cut short leaves a file without."""
        with self._lock, self._guarded():
            return self._meta("committed") == "yes"

    def commit(
        self,
        add: Sequence[tuple[Document, TextMap]] = (),
        remove: Sequence[str] = (),
        *,
        defaults: ChunkSettings | None = None,
        models: tuple[str, str, str] | None = None,
        maps: Mapping[str, TextMap] | None = None,
        uses: Iterable[tuple[bytes, str]] = (),
    ) -> None:
        """One change in one transaction: documents by id out, then in; default settings; the embedder's
        (fingerprint, name, tokenizer fingerprint), with every document's map when the tokenizer changes; `uses`, the
        (text hash, document id) pairs whose vectors must stay when the removed documents go."""
        with self._lock, self._guarded():
            state = self._state
            with self._transaction():
                self._set_meta({"committed": "yes"})
                if defaults is not None:
                    self._set_meta({"defaults": json.dumps(asdict(defaults))})
                if models is not None:
                    self._set_meta(dict(zip(("embedder", "embedder_name", "tokenizer"), models, strict=True)))
                tokenizer = models[2] if models else state.tokenizer
                self._db.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", uses)
                self._delete(remove)
                for document, text_map in add:
                    self._insert(document)
                    self._insert_map(document.id, tokenizer, text_map)
                for document_id, text_map in (maps or {}).items():
                    self._insert_map(document_id, tokenizer, text_map)
            self._state = self._read_state(state.version + 1)

    def add_vectors(self, embedder: str, items: Iterable[tuple[bytes, FloatArray, Iterable[str]]]) -> None:
        """Store (text hash, vector, ids of documents that use it). They count once a document is committed."""
        with self._lock, self._guarded(), self._transaction():
            for hashed, vector, users in items:
                blob = np.asarray(vector, "<f4").tobytes()
                self._db.execute("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", (embedder, hashed, blob))
                self._db.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", [(hashed, user) for user in users])

    def vectors(self, embedder: str) -> tuple[list[bytes], FloatArray]:
        """All text hashes and their vectors, shape (n, d), of one embedder."""
        with self._lock, self._guarded():
            rows = self._db.execute("SELECT hash, vector FROM vectors WHERE embedder = ?", (embedder,)).fetchall()
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        matrix = np.frombuffer(b"".join(vector for _, vector in rows), "<f4")
        return [hashed for hashed, _ in rows], matrix.reshape(len(rows), -1).astype(np.float32)

    def add_run(self, run: Mapping[str, Any]) -> None:
        """Keep a run, JSON, and only the last of them."""
        with self._lock, self._guarded(), self._transaction():
            self._db.execute("INSERT INTO runs (run) VALUES (?)", (json.dumps(run, ensure_ascii=False),))
            self._db.execute("DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?", (_RUNS,))

    def runs(self) -> list[dict[str, Any]]:
        """The kept runs, newest first."""
        with self._lock, self._guarded():
            return [json.loads(run) for (run,) in self._db.execute("SELECT run FROM runs ORDER BY id DESC")]

    def count_vectors(self) -> int:
        """Vectors in the file, of all embedders."""
        with self._lock, self._guarded():
            return int(self._db.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def close(self) -> None:
        """Close the file; the last to close it folds the write-ahead log in."""
        with self._lock:
            self._db.close()

    def _prepare(self, create: bool) -> None:
        self._db.execute("PRAGMA foreign_keys = ON")
        made = self._db.execute("PRAGMA user_version").fetchone()[0]
        if made > FORMAT:
            raise StoreError(
                f"{self.path.name} was made by a newer RAGscope (format {made}). Update this one to open it."
            )
        if made == 0:
            if not create or self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise StoreError(f"{self.path.name} is not a RAGscope index. Move it out of the folder of indices.")
            self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if made == 0:
            with self._transaction():
                if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody was quicker
                    for statement in _SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                    self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def _read_state(self, version: int) -> State:
        with self._transaction("DEFERRED"):
            rows = self._db.execute(
                "SELECT id, name, text, media_type, size, metadata, notes FROM documents ORDER BY position"
            ).fetchall()
            tokenizer = self._meta("tokenizer")
            maps = self._db.execute(
                "SELECT document_id, starts, ends, tokens, breaks, sections FROM maps WHERE tokenizer = ?", (tokenizer,)
            ).fetchall()
            defaults = self._meta("defaults")
            return State(
                version=version,
                documents=tuple(_document(*row) for row in rows),
                maps={row[0]: _unpack_map(row[1:]) for row in maps},
                defaults=ChunkSettings(**json.loads(defaults)) if defaults else ChunkSettings(),
                embedder=self._meta("embedder"),
                embedder_name=self._meta("embedder_name"),
                tokenizer=tokenizer,
            )

    def _delete(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        self._db.executemany("DELETE FROM documents WHERE id = ?", [(each,) for each in ids])
        # vectors tell about texts, so those of a removed document go with it, unless another document has the text
        self._db.executemany("DELETE FROM uses WHERE document_id = ?", [(each,) for each in ids])
        self._db.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM uses)")

    def _insert(self, document: Document) -> None:
        self._db.execute(
            "INSERT INTO documents (id, name, text, media_type, size, metadata, notes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                document.name,
                document.text,
                document.media_type,
                document.size,
                json.dumps(dict(document.metadata), ensure_ascii=False),
                json.dumps(document.notes, ensure_ascii=False),
            ),
        )

    def _insert_map(self, document_id: str, tokenizer: str, text_map: TextMap) -> None:
        m = text_map
        blobs = [_pack(array) for array in (m.starts, m.ends, m.tokens, m.breaks, m.sections.ravel())]
        self._db.execute("INSERT OR REPLACE INTO maps VALUES (?, ?, ?, ?, ?, ?, ?)", (document_id, tokenizer, *blobs))

    def _meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _set_meta(self, values: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # something failed, the commit itself perhaps: a full disk
                self._db.execute("ROLLBACK")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """SQLite's errors as sentences."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreError(
                    f"{self.path.name} is in use by another program. Try again when it is done."
                ) from error
            raise StoreError(
                f"{self.path.name} cannot be used: {error}. Check the disk and the folder's rights."
            ) from error
        except (sqlite3.DatabaseError, zlib.error, ValueError) as error:
            raise StoreError(
                f"{self.path.name} is damaged ({error}). Others are unharmed; build this one from its files again."
            ) from error


def _document(id_: str, name: str, text: str, media_type: str, size: int, metadata: str, notes: str) -> Document:
    return Document(id_, name, text, media_type, size, json.loads(metadata), tuple(json.loads(notes)))


def _pack(array: npt.NDArray[Any]) -> bytes:
    """Differences compress to about a fifth: neighbours are near each other."""
    wide = array.astype("<i4")
    return zlib.compress(np.diff(wide, prepend=wide.dtype.type(0)).tobytes(), 1)


def _unpack_map(blobs: Sequence[bytes]) -> TextMap:
    starts, ends, tokens, breaks, sections = (
        np.cumsum(np.frombuffer(zlib.decompress(blob), "<i4"), dtype=np.int32) for blob in blobs
    )
    return TextMap(starts, ends, tokens, breaks.astype(np.uint8), sections.reshape(-1, 4))
