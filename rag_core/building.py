"""Files into an index: load, map, embed what is new, and commit it all at once.

Knows nothing of the shelf, of models' names or of the page; embedder and index are handed in.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .corpus import Corpus, Vectors, Wanted
from .errors import Cancelled
from .index import Index, State
from .outline import headings
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
            result.add.append((item, mapper.map(item.text, headings(item.text, item.metadata))))
    return result


def _note_known(result: Plan, item: Document, known_as: str) -> None:
    if item.name == known_as:
        result.unchanged.append(item.name)
    else:
        result.skipped.append(Skipped(item.name, f"it has the same content as {known_as}, which is here already."))


def embed_missing(
    index: Index,
    vectors: Vectors,
    wanted: Sequence[Wanted],
    embedder: Embedder,
    watch: Watch,
    measured: Callable[[int, float], None],
) -> int:
    """Embed texts and store each block as it is done; how many that was.

    `measured` is told (tokens, seconds) of every block. Cancelled leaves what was done in place.
    """
    if not wanted:
        return 0
    tokens_left = sum(each.tokens for each in wanted)
    done = tokens_done = 0
    watch.progress(Progress("embedding", 0, len(wanted)))
    embedder.embed_query("")  # loads the model, which is not to count in the rate
    began = time.perf_counter()
    for block in _blocks(wanted):
        watch.check()
        started = time.perf_counter()
        rows = embedder.embed_passages([each.text for each in block])
        now = time.perf_counter()
        tokens = sum(each.tokens for each in block)
        measured(tokens, now - started)
        hashes = [each.hashed for each in block]
        index.add_vectors(embedder.fingerprint, zip(hashes, rows, (each.users for each in block), strict=True))
        vectors.add(hashes, rows)
        done, tokens_done, tokens_left = done + len(block), tokens_done + tokens, tokens_left - tokens
        elapsed = max(now - began, 1e-6)
        left = tokens_left * elapsed / max(tokens_done, 1)
        watch.progress(Progress("embedding", done, len(wanted), "", done / elapsed, left))
    return done


def _blocks(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Texts in blocks of like length, so that a batch is little padding."""
    block: list[Wanted] = []
    spent = 0
    for each in sorted(wanted, key=lambda each: -each.tokens):
        if block and spent + each.tokens > _BLOCK_TOKENS:
            yield block
            block, spent = [], 0
        block.append(each)
        spent += each.tokens
    if block:
        yield block


def commit(
    index: Index, state: State, result: Plan, settings: ChunkSettings, corpus: Corpus, models: tuple[str, str, str]
) -> None:
    """Make the planned change visible, in one transaction. `models`: see Index.commit."""
    index.commit(
        add=result.add,
        remove=result.remove,
        defaults=settings if settings != state.defaults or not state.documents else None,
        models=models,
        uses=corpus.uses(),
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
