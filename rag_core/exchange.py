"""The article's two JSON files, out and in: `doc_store.json` and `vector_store.json`.

    doc_store.json     {doc_id: {chunk_id: {"text": …, "metadata": {"file_name": …}}}}
    vector_store.json  {doc_id: {chunk_id: [floats]}}

Ours carry each chunk's offsets in its metadata, so that a document comes back with its chunks where they were, overlap
included. Knows nothing of SQL, models or search.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from .errors import LoadError, StoreError
from .types import Chunk, Document, FloatArray

DOC_STORE, VECTOR_STORE = "doc_store.json", "vector_store.json"


def write_stores(
    folder: Path, documents: Mapping[str, Document], chunks: Iterable[Chunk], vectors: Iterable[FloatArray]
) -> list[Path]:
    """Write both files into a folder, made if it is missing; their paths."""
    texts: dict[str, dict[str, Any]] = {}
    rows: dict[str, dict[str, list[float]]] = {}
    for chunk, vector in zip(chunks, vectors, strict=True):
        document = documents[chunk.document_id]
        within = texts.setdefault(document.id, {})
        chunk_id = f"{document.id}-{len(within)}"
        metadata = {"file_name": document.name, "start": chunk.start, "end": chunk.end}
        within[chunk_id] = {"text": document.text[chunk.start : chunk.end], "metadata": metadata}
        rows.setdefault(document.id, {})[chunk_id] = [float(value) for value in vector]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in ((DOC_STORE, texts), (VECTOR_STORE, rows)):
            (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The export cannot be written into {folder}: {error}.") from error
    return [folder / DOC_STORE, folder / VECTOR_STORE]


def read_stores(folder: Path) -> tuple[list[Document], dict[str, FloatArray]]:
    """Documents put together from their chunks, and the vectors by chunk text (empty without a vector store).

    LoadError names the file and the place when it is not of the form above.
    """
    store = _read(folder / DOC_STORE)
    documents = [_document(doc_id, chunks) for doc_id, chunks in store.items()]
    vectors: dict[str, FloatArray] = {}
    if (folder / VECTOR_STORE).is_file():
        for doc_id, rows in _read(folder / VECTOR_STORE).items():
            for chunk_id, row in rows.items():
                chunk = store.get(doc_id, {}).get(chunk_id)
                if chunk is not None:
                    vectors[chunk["text"]] = np.asarray(row, np.float32)
    return documents, vectors


def _document(doc_id: str, chunks: Mapping[str, Any]) -> Document:
    parts: list[tuple[int | None, str]] = []
    name = ""
    for chunk_id, chunk in chunks.items():
        metadata = chunk.get("metadata") or {} if isinstance(chunk, dict) else {}
        if not isinstance(chunk, dict) or not isinstance(chunk.get("text"), str) or not isinstance(metadata, dict):
            raise LoadError(f'{DOC_STORE}: {doc_id}/{chunk_id} is not {{"text", "metadata"}}.')
        start = metadata.get("start")
        parts.append((start if isinstance(start, int) else None, chunk["text"]))
        name = name or Path(str(metadata.get("file_name") or "")).name
    text = _join(parts)
    raw = text.encode("utf-8", "replace")
    return Document(
        id=blake2b(raw, digest_size=16).hexdigest(),
        name=name or doc_id,
        text=raw.decode("utf-8"),
        size=len(raw),
        notes=("put together from the chunks of a doc_store.json",),
    )


def _join(parts: list[tuple[int | None, str]]) -> str:
    if any(start is None for start, _ in parts):
        return "\n\n".join(text for _, text in parts)
    text = ""
    for start, part in sorted((start or 0, part) for start, part in parts):
        gap = start - len(text)
        # between two chunks stood white space only: a blank line if there was room, so that cuts fall there again
        text += "\n" * gap if gap > 1 else " " * max(gap, 0)
        text = text[:start] + part if start + len(part) >= len(text) else text
    return text


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LoadError(f"{path.name} cannot be read in {path.parent}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{path.name} is not JSON: {error}.") from error
    if not isinstance(content, dict) or not all(isinstance(value, dict) for value in content.values()):
        raise LoadError(f"{path.name} is not of the form {{doc_id: {{chunk_id: …}}}}.")
    return content
