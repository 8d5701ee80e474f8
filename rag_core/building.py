"""Files into an index: load, map, embed what is new, and commit it all at once.

Knows nothing of the shelf, of models' names or of the page; embedder and index are handed in.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .corpus import Corpus, Partition
from .errors import Cancelled
from .index import Index, State
from .protocols import Embedder, OnProgress, ShouldStop
from .settings import ChunkSettings
from .textmap import TextMapper
from .types import Document, Progress, Skipped, TextMap

_BLOCK_TOKENS = 4096  # embedded between two looks at the cancel flag; stored as one


def nobody(_: Progress) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """A task that nobody stops."""
    return False


@dataclass(frozen=True, slots=True)
class Watch:
    """How a long task tells where it is and learns that it should stop."""

    progress: OnProgress = nobody
    cancel: ShouldStop = never

    def check(self) -> None:
        """Cancelled, if the person asked for it."""
        if self.cancel():
            raise Cancelled("Cancelled. What was embedded until now is kept and will not be embedded again.")


@dataclass(slots=True)
class Plan:
    """What a set of files would change in an index."""

    add: list[tuple[Document, TextMap]] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)  # ids of documents that a changed file replaces
    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def plan(state: State, loaded: Iterator[Document | Skipped], total: int, mapper: TextMapper, watch: Watch) -> Plan:
    """Compare loaded files with the index by name and content, and map the texts that are new."""
    names = {document.name: document.id for document in state.documents}
    ids = {document.id: document.name for document in state.documents}
    result = Plan()
    began = time.perf_counter()
    for done, item in enumerate(loaded, 1):
        watch.check()
        rate = done / max(time.perf_counter() - began, 1e-6)
        watch.progress(Progress("reading", done, total, item.name, rate, (total - done) / rate))
        if isinstance(item, Skipped):
            result.skipped.append(item)
        elif item.id in ids:
            _note_known(result, item, ids[item.id])
        else:
            if item.name in names:
                result.remove.append(names[item.name])
                result.replaced.append(item.name)
            else:
                result.added.append(item.name)
            ids[item.id] = item.name
            result.add.append((item, mapper.map(item.text)))
    return result


def _note_known(result: Plan, item: Document, known_as: str) -> None:
    if item.name == known_as:
        result.unchanged.append(item.name)
    else:
        result.skipped.append(Skipped(item.name, f"it has the same content as {known_as}, which is here already."))


def embed_missing(
    index: Index,
    corpus: Corpus,
    partition: Partition,
    embedder: Embedder,
    watch: Watch,
    measured: Callable[[int, float], None],
) -> int:
    """Embed the chunks that have no vector yet and store each block as it is done; how many texts that was.

    `measured` is told (tokens, seconds) of every block. Cancelled leaves what was done in place.
    """
    missing = corpus.missing(partition)
    blocks = list(_blocks([(hashed, chunks[0].tokens) for hashed, chunks in missing.items()]))
    total = len(missing)
    tokens_left = sum(chunks[0].tokens for chunks in missing.values())
    done = tokens_done = 0
    began = time.perf_counter()
    if total:
        watch.progress(Progress("embedding", 0, total))
    for block in blocks:
        watch.check()
        texts = [corpus.text(missing[hashed][0]) for hashed in block]
        started = time.perf_counter()
        vectors = embedder.embed_passages(texts)
        now = time.perf_counter()
        tokens = sum(missing[hashed][0].tokens for hashed in block)
        measured(tokens, now - started)
        users = ({chunk.document_id for chunk in missing[hashed]} for hashed in block)
        index.add_vectors(embedder.fingerprint, zip(block, vectors, users, strict=True))
        corpus.vectors.add(block, vectors)
        done, tokens_done, tokens_left = done + len(block), tokens_done + tokens, tokens_left - tokens
        elapsed = max(now - began, 1e-6)
        left = tokens_left * elapsed / max(tokens_done, 1)
        watch.progress(Progress("embedding", done, total, "", done / elapsed, left))
    return total


def _blocks(texts: Sequence[tuple[bytes, int]]) -> Iterator[list[bytes]]:
    """Text hashes in blocks of like length, so that a batch is little padding."""
    block: list[bytes] = []
    spent = 0
    for hashed, tokens in sorted(texts, key=lambda text: -text[1]):
        if block and spent + tokens > _BLOCK_TOKENS:
            yield block
            block, spent = [], 0
        block.append(hashed)
        spent += tokens
    if block:
        yield block


def commit(
    index: Index, state: State, result: Plan, settings: ChunkSettings, corpus: Corpus, models: tuple[str, str, str]
) -> None:
    """Make the planned change visible, in one transaction. `models`: see Index.commit."""
    partition = corpus.partition(settings)
    index.commit(
        add=result.add,
        remove=result.remove,
        defaults=settings if settings != state.defaults or not state.documents else None,
        models=models,
        uses=[(hashed, c.document_id) for hashed, c in zip(partition.hashes, partition.chunks, strict=True)],
    )


def planned_state(state: State, result: Plan) -> State:
    """The state as it will be once the plan is committed."""
    gone = set(result.remove)
    documents = [document for document in state.documents if document.id not in gone]
    maps = {document.id: state.maps[document.id] for document in documents if document.id in state.maps}
    for document, text_map in result.add:
        documents.append(document)
        maps[document.id] = text_map
    return replace(state, documents=tuple(documents), maps=maps)
