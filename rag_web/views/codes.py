"""The Python folds: the exact lines of rag_core that redo a cell at the present settings.

Every function returns source code. A tab's first fold opens the bench; the following folds of the tab go on from it.
Knows nothing of gradio and runs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag_core.settings import MODES, WEIGHT, ChunkSettings, SearchSettings, default_folders
from rag_core.types import Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page works: the folders of the bench and the index that is open."""

    indices: Path
    models: Path
    index: str

    @property
    def opening(self) -> str:
        """`Workbench(...)`; folders are named only where they are not the default ones."""
        default_indices, default_models = default_folders()
        given = []
        if self.indices.resolve() != default_indices.resolve():
            given.append(f"indices={quoted(shown(self.indices))}")
        if self.models.resolve() != default_models.resolve():
            given.append(f"models={quoted(shown(self.models))}")
        return f"bench = Workbench({', '.join(given)})"


def quoted(text: str) -> str:
    """A Python string literal in double quotes."""
    literal = repr(text)
    if literal[0] == '"':
        return literal
    body = literal[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{body}"'


def shown(path: Path) -> str:
    """A path as code names it: from the working folder where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _chunking(settings: ChunkSettings) -> str:
    return f"ChunkSettings(chunk_size={settings.chunk_size}, chunk_overlap={settings.chunk_overlap})"


def _search(settings: SearchSettings) -> str:
    given = [f"{name}={getattr(settings, name)!r}" for name in ("top_k", "chunk_size", "chunk_overlap")]
    given += [f'mode="{settings.mode}"'] if settings.mode != MODES[0] else []
    given += [f"weight={settings.weight}"] if settings.weight != WEIGHT.default else []
    return f"SearchSettings({', '.join(given)})"


def _imports(*names: str) -> str:
    return f"from rag_core import {', '.join(sorted(names))}"


def build(place: Place, paths: Sequence[str], settings: ChunkSettings | None = None) -> str:
    """Upload 1: add files to the index; `settings` when they become its default."""
    names = ", ".join(quoted(path) for path in paths)
    chunking = f", {_chunking(settings)}" if settings else ""
    call = f"report = bench.build({quoted(place.index)}, [{names}]{chunking})"
    imports = _imports("ChunkSettings", "Workbench")
    return f"{imports}\n\n{place.opening}\n{call}\nprint(report)" if paths else f"{imports}\n\n{place.opening}"


def documents(place: Place, settings: ChunkSettings) -> str:
    """Upload 2: the table of documents."""
    return (
        f"for document in bench.documents({quoted(place.index)}, {_chunking(settings)}):\n"
        "    print(document.name, document.size, document.tokens, document.chunks, document.notes)"
    )


def cuts(place: Place, document: str, settings: ChunkSettings) -> str:
    """Upload 3: one document's chunks."""
    return (
        f"text = bench.document({quoted(place.index)}, {quoted(document)}).text\n"
        f"chunks = bench.chunks({quoted(place.index)}, {quoted(document)}, {_chunking(settings)})\n"
        "for chunk in chunks:\n"
        "    print(chunk.tokens, text[chunk.start:chunk.end])"
    )


def rank(place: Place, query: str, settings: SearchSettings) -> str:
    """Inspect 1: everything in order of score."""
    return (
        f"{_imports('ChunkSettings', 'SearchSettings', 'Workbench')}\n\n{place.opening}\n"
        f"ranking = bench.rank({quoted(place.index)}, {quoted(query)},\n"
        f"                     {_search(settings)})\n"
        "print(ranking.total, ranking.found)"
    )


def text(place: Place, document: str, settings: ChunkSettings) -> str:
    """Inspect 2: the document and where it is cut."""
    return (
        f"document = bench.document({quoted(place.index)}, {quoted(document)})\n"
        f"for chunk in bench.chunks({quoted(place.index)}, document.name, {_chunking(settings)}):\n"
        "    print(chunk.start, chunk.end, document.text[chunk.start:chunk.end])"
    )


def hits(top_k: int) -> str:
    """Inspect 3: the ranking cut at top_k, without searching again."""
    return (
        f"for hit in ranking.hits({top_k}):\n"
        "    print(hit.rank, round(hit.score, 3), hit.document, hit.tokens, hit.text)"
    )


def match(index: str) -> str:
    """Inspect 4: how the ranking's cosines lie against those of unrelated questions."""
    return (
        f"match = bench.match({quoted(index)}, ranking)\n"
        "print(match.best, match.above)  # the share of unrelated pairs below the best\n"
        "print(match.cut, match.passing, match.separates)"
    )


def statistics(index: str, settings: ChunkSettings) -> str:
    """Inspect 5: the chunks of a cut in figures."""
    return (
        f"chunks = bench.statistics({quoted(index)}, {_chunking(settings)})\n"
        "print(chunks.count, max(chunks.tokens), chunks.scripts)\n"
        "print(chunks.too_long, chunks.duplicates, chunks.begin_inside, chunks.end_inside)"
    )


def runs(place: Place) -> str:
    """Inspect 7: the searches that were kept, newest first."""
    return (
        f"{_imports('Workbench')}\n\n{place.opening}\n"
        f"for run in bench.runs({quoted(place.index)}):\n"
        '    print(run.query, run.settings["mode"], run.settings["chunk_size"], run.settings["top_k"], run.tokens)'
    )


def why(place: Place, query: str, settings: SearchSettings, document: str, span: tuple[int, int]) -> str:
    """Inspect, the panel: why a stretch of a document is not among the hits."""
    return (
        f"{rank(place, query, settings)}\n"
        f"why = bench.why_not({quoted(place.index)}, ranking, {quoted(document)}, {span[0]}, {span[1]})\n"
        "print(why.found, why.rank, round(why.gap, 3))\n"
        "for fix in why.fixes:\n"
        "    print(fix.knob, fix.value, fix.rank, fix.tokens)"
    )


def ask(place: Place, query: str, settings: SearchSettings, history: Sequence[Message] = ()) -> str:
    """Chat 1: the last answer, with the turns before it."""
    names = ["Message", "SearchSettings", "Workbench"] if history else ["SearchSettings", "Workbench"]
    lines = [_imports(*names), "", place.opening]
    if history:
        lines += ["history = ["]
        lines += [f"    Message({quoted(turn.role)}, {quoted(turn.content)})," for turn in history]
        lines += ["]"]
    lines += [
        f"for answer in bench.ask({quoted(place.index)}, {quoted(query)},",
        f"                        {_search(settings)}{', history=history' if history else ''}):",
        "    pass  # every snapshot is longer than the one before",
        "print(answer.text)",
    ]
    return "\n".join(lines)


def used() -> str:
    """Chat 2: the passages the answer was written from, and what supports it."""
    return (
        "for hit in answer.prompt.used:\n    print(hit.rank, round(hit.score, 3), hit.document, hit.text)\n"
        "print(answer.citations)"
    )


def prompt() -> str:
    """Chat 3: what the model got, byte for byte."""
    return (
        "print(answer.prompt.tokens)\nprint(answer.prompt.text)\n"
        "for dropped in answer.prompt.dropped:\n    print(dropped.hit.rank, dropped.reason)"
    )
