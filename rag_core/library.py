"""What is kept: indices by name, their documents, cuts and vectors, and their way in and out.

The half of the Workbench that asks no question. Knows nothing of chat models' answers, gradio, HTTP or argv.
"""

import builtins
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from .building import Watch, never, nobody
from .chunking import cut
from .corpora import Corpora
from .corpus import Corpus
from .engines import Engines
from .errors import LoadError, StoreError
from .exchange import read_stores, write_stores
from .index import Index
from .loading import find_files, load_file, load_many
from .outline import headings
from .protocols import Embedder, LanguageModel, OnProgress, ShouldStop
from .settings import ChunkSettings, ModelSettings, default_folders
from .shelf import Shelf, checked_name
from .textmap import TextMapper
from .types import (
    BuildReport,
    Chunk,
    Document,
    DocumentInfo,
    IndexInfo,
    Missing,
)


class Library:
    """A folder of indices, opened, with what embeds them."""

    def __init__(
        self,
        indices: Path | str | None = None,
        models: Path | str | None = None,
        *,
        settings: ModelSettings | None = None,
        embedder: Embedder | None = None,
        chat: LanguageModel | None = None,
    ) -> None:
        """Folders default to indices/ and models/ beside app.py. `embedder` and `chat` are used as they are."""
        default_indices, default_models = default_folders()
        self.indices = Path(indices) if indices else default_indices
        self.models_folder = Path(models) if models else default_models
        self._shelf = Shelf(self.indices)
        self._engines = Engines(self.models_folder, settings or ModelSettings(), embedder, chat)
        self._corpora = Corpora(self._shelf, self._engines)

    # ---- indices ----------------------------------------------------------------------------------------------

    def list(self) -> builtins.list[IndexInfo]:
        """All indices, by name; one that cannot be opened carries its problem."""
        infos = []
        for name in self._shelf.names():
            try:
                infos.append(self.info(name))
            except StoreError as error:
                infos.append(IndexInfo(name, 0, 0, 0, 0, "", 0, str(error)))
        return infos

    def info(self, name: str) -> IndexInfo:
        """One index in numbers. IndexMissing, StoreError."""
        index = self._shelf.open(name)
        state = index.state
        return IndexInfo(
            name=index.name,
            documents=len(state.documents),
            sentences=sum(text_map.sentences for text_map in state.maps.values()),
            tokens=sum(text_map.total for text_map in state.maps.values()),
            vectors=index.count_vectors(),
            embedder=state.embedder_name,
            size=index.size,
        )

    def open(self, name: str) -> Index:
        """The index of that name: `.documents`, `.state`. IndexMismatch when another model has embedded it."""
        index = self._shelf.open(name)
        self._corpora.check_embedder(index)
        return index

    def create(self, name: str) -> None:
        """An empty index. SettingError for a name that cannot be one, StoreError when it is taken."""
        name = checked_name(name)
        if name in self._shelf.names():
            raise StoreError(f"There is an index named {name!r} already. Choose another name, or add files to it.")
        self._shelf.open(name, create=True).commit()

    def delete(self, name: str) -> None:
        """Move an index into indices/.trash."""
        with self._corpora.writing:
            self._shelf.delete(name)
            self._corpora.forget(name)

    # ---- documents --------------------------------------------------------------------------------------------

    def build(
        self,
        name: str,
        paths: Sequence[Path | str],
        settings: ChunkSettings | None = None,
        *,
        progress: OnProgress | None = None,
        cancel: ShouldStop | None = None,
    ) -> BuildReport:
        """Add files and folders to an index, made if it is missing, and embed what is new at its default settings.

        A file that is there already changes nothing; one of the same name with other content replaces it; one that
        cannot be read is reported and the others go on. `settings` become the index's default.
        """
        files, skipped = find_files([Path(path) for path in paths])
        loaded = chain(skipped, load_many(files))
        return self._corpora.build(name, loaded, len(files) + len(skipped), settings, watching(progress, cancel))

    def wait_for_build(self, seconds: float) -> bool:
        """Wait while an index is being built or embedded, at most so long; whether it is done."""
        done = self._corpora.writing.acquire(timeout=seconds)
        if done:
            self._corpora.writing.release()
        return done

    def documents(self, name: str, settings: ChunkSettings | None = None) -> builtins.list[DocumentInfo]:
        """The documents of an index, newest first, with their numbers of chunks at some settings."""
        corpus, chunking = self._corpora.cut(name, settings)
        return [_document_info(corpus, document, chunking) for document in reversed(corpus.state.documents)]

    def document(self, name: str, document_name: str) -> Document:
        """One document with its text. IndexMissing."""
        return self._shelf.open(name).state.document(document_name)

    def remove(self, name: str, document_name: str) -> None:
        """Take a document out, with the vectors only it has."""
        with self._corpora.writing:
            index = self._shelf.open(name)
            index.commit(remove=[index.state.document(document_name).id])

    def chunks(self, name: str, document_name: str, settings: ChunkSettings | None = None) -> builtins.list[Chunk]:
        """One document's chunks at any settings, cut from its map; nothing is embedded."""
        corpus, chunking = self._corpora.cut(name, settings)
        return corpus.cut(corpus.state.document(document_name), chunking)

    def cut_file(self, path: Path | str, settings: ChunkSettings) -> tuple[Document, builtins.list[Chunk], int]:
        """A file's text, its chunks, and its tokens, without an index. LoadError with the file's name."""
        path = Path(path)
        try:
            document = load_file(path)
        except LoadError as error:
            raise LoadError(f"{path.name}: {error}") from error
        tokenizer = self._engines.embedder().tokenizer
        text_map = TextMapper(tokenizer).map(document.text, headings(document.text, document.metadata))
        return document, cut(document.text, text_map, settings, tokenizer, document.id), text_map.total

    def default_settings(self, name: str) -> ChunkSettings:
        """The settings the index is searched with when nothing else is said."""
        return self._shelf.open(name).state.defaults

    def make_default(self, name: str, settings: ChunkSettings) -> None:
        """Make these the index's default settings. Nothing else changes."""
        with self._corpora.writing:
            self._shelf.open(name).commit(defaults=settings)

    # ---- vectors ----------------------------------------------------------------------------------------------

    def missing(self, name: str, settings: ChunkSettings | None = None, mode: str = "dense") -> Missing:
        """What a recipe still has to embed for a cut, and how long that would take.

        Only `dense` embeds chunks; `field` and `chunks` need the units' vectors, which every build makes.
        """
        corpus, chunking = self._corpora.cut(name, settings)
        return self._corpora.missing(corpus, corpus.partition(chunking), mode)

    def embed(
        self,
        name: str,
        settings: ChunkSettings | None = None,
        *,
        progress: OnProgress | None = None,
        cancel: ShouldStop | None = None,
    ) -> Missing:
        """Make the missing vectors of a cut and keep them; what is missing afterwards (nothing)."""
        corpus, chunking = self._corpora.cut(name, settings)
        partition = corpus.partition(chunking)
        self._corpora.fill_in(name, corpus, partition, watching(progress, cancel))
        return self._corpora.missing(corpus, partition, "dense")

    def reembed(self, name: str, *, progress: OnProgress | None = None, cancel: ShouldStop | None = None) -> None:
        """Embed an index anew with the embedder that is loaded. The old model's vectors are kept beside."""
        self._corpora.reembed(name, watching(progress, cancel))

    # ---- exchange ---------------------------------------------------------------------------------------------

    def export(self, name: str, folder: Path | str) -> builtins.list[Path]:
        """Write the article's doc_store.json and vector_store.json at the index's default settings."""
        corpus, chunking = self._corpora.cut(name, None)
        partition = corpus.partition(chunking)
        self._corpora.fill_in(name, corpus, partition, Watch())
        vectors = corpus.vectors.rows(partition.hashes)
        return write_stores(Path(folder), corpus.documents, partition.chunks, vectors)

    def import_(self, name: str, folder: Path | str) -> BuildReport:
        """Read the article's two files into an index. Vectors are kept if the loaded embedder makes the same."""
        documents, vectors = read_stores(Path(folder))
        with self._corpora.writing:
            self._corpora.adopt_vectors(name, documents, vectors)
            return self._corpora.build(name, iter(documents), len(documents), None, Watch())

    def close(self) -> None:
        """Close all indices and free the models."""
        self._engines.close()
        self._shelf.close()


def watching(progress: OnProgress | None, cancel: ShouldStop | None) -> Watch:
    """The two callbacks, or ones that do nothing."""
    return Watch(progress or nobody, cancel or never)


def _document_info(corpus: Corpus, document: Document, settings: ChunkSettings) -> DocumentInfo:
    text_map = corpus.state.maps[document.id]
    return DocumentInfo(
        id=document.id,
        name=document.name,
        size=document.size,
        characters=len(document.text),
        tokens=text_map.total,
        sentences=text_map.sentences,
        chunks=len(corpus.cut(document, settings)),
        media_type=document.media_type,
        notes=document.notes,
    )
