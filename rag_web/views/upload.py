"""The Upload tab in HTML: what a build did, the documents, the first chunks of one. Knows nothing of gradio."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.settings import ChunkSettings
from rag_core.types import BuildReport, Chunk, Document, DocumentInfo

from . import cells
from .words import count, esc, is_korean, lang, listed, size, took

ROWS = 8  # documents shown before "show all"
_CUT_CHARACTERS = 1_400  # of the preview; more than one screen helps nobody
_CAUTIONS = ("no text", "could not", "left out", "only", "skipped", "cut off", "read 0")


def destination(index: str) -> str:
    """Where dropped files go, in the head of the first cell."""
    to = f"to <b>{esc(index)}</b>, or " if index else ""
    return to + cells.link("start a new index", "new")


def outcome(report: BuildReport) -> str:
    """What a build did, in words, then one alarm for every file left out."""
    parts = []
    for names, verb in ((report.added, "added"), (report.replaced, "replaced")):
        if names:
            shown = esc(listed(list(names)))
            parts.append(f"<b>{count(len(names), 'document')} {verb}</b> ({shown})")
    if report.unchanged:
        parts.append(f"{count(len(report.unchanged), 'document')} unchanged, here already")
    if not parts:
        parts.append("nothing was added")
    vectors = f"{count(report.embedded, 'chunk')} embedded"
    if report.reused and report.embedded:
        vectors += f", {report.reused:,} had their vector already"
    elif not report.embedded:
        vectors = "nothing had to be embedded"
    sentence = "; ".join(parts)
    done = f'<p class="rs-done" role="status">{sentence[0].upper() + sentence[1:]}. '
    done += f"{vectors[0].upper() + vectors[1:]}, in {took(report.seconds)}.</p>"
    return done + "".join(cells.say(f"{skip.name} was skipped:", skip.reason) for skip in report.skipped)


def table_note(rows: Sequence[DocumentInfo], show_all: bool) -> str:
    """How many documents there are and how many are shown."""
    note = count(len(rows), "document")
    return note if show_all or len(rows) <= ROWS else f"{note}, {ROWS} newest shown"


def table(rows: Sequence[DocumentInfo], selected: str, show_all: bool, index: str) -> str:
    """The documents of an index, newest first; a click on a name shows how it is cut."""
    if not rows:
        name = f"<b>{esc(index)}</b>" if index else "this index"
        return cells.empty(f"No documents in {name} yet.", "Drop files above; what was read is listed here.")
    shown = rows if show_all else rows[:ROWS]
    if selected and not any(row.name == selected for row in shown):
        shown = [*shown, *(row for row in rows if row.name == selected)]
    headings = "".join(f'<th class="rs-r">{name}</th>' for name in ("Size", "Tokens", "Sentences", "Chunks"))
    noted = any(row.notes for row in shown)
    body = "".join(_row(row, row.name == selected, noted) for row in shown)
    more = ""
    if len(rows) > ROWS:
        more = cells.link("Show the newest only" if show_all else f"Show all {len(rows):,}", "all")
    headings += "<th>Notes</th>" if noted else ""
    return (
        f'<div class="rs-tablewrap"><table class="rs-docs"><thead><tr><th>Document</th>{headings}'
        f'<th><span class="rs-vh">Remove</span></th></tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="rs-more">{more}</p>'
    )


def _row(row: DocumentInfo, now: bool, noted: bool) -> str:
    name = esc(row.name)
    numbers = "".join(
        f'<td class="rs-r rs-opt">{text}</td>'
        for text in (size(row.size), f"{row.tokens:,}", f"{row.sentences:,}", f"{row.chunks:,}")
    )
    notes = "; ".join(row.notes)
    caution = ' class="rs-caution"' if any(word in notes for word in _CAUTIONS) else ""
    said = f'<td class="rs-notes"><span{caution}>{esc(notes)}</span></td>' if noted else ""
    return (
        f'<tr{" class=rs-now" if now else ""}><td class="rs-name"{lang(row.name)}>'
        f'<button type="button" data-act="show" data-document="{name}" aria-pressed="{str(now).lower()}">{name}'
        f'</button></td>{numbers}{said}<td class="rs-r">'
        f'<button type="button" class="rs-xbtn" data-act="remove" data-document="{name}" aria-label="Remove {name}">'
        "Remove</button></td></tr>"
    )


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in the same chunks. `numbers`: those that begin at its start; `kind`: "A", "B" or "AB"."""

    start: int
    end: int
    kind: str
    numbers: tuple[int, ...]


def runs(chunks: Sequence[Chunk], end: int) -> list[Run]:
    """Cut overlapping chunks into runs, up to the offset `end`. Odd chunks (1, 3, …) are A, even ones B.

    >>> runs([Chunk("d", 0, 9, 3), Chunk("d", 6, 14, 3)], 99)[1]
    Run(start=6, end=9, kind='AB', numbers=(2,))
    """
    edges = sorted({edge for chunk in chunks for edge in (chunk.start, chunk.end) if edge <= end} | {end})
    starts = [chunk.start for chunk in chunks]
    result: list[Run] = []
    first = 0
    for start, stop in zip(edges, edges[1:], strict=False):
        while first < len(chunks) and chunks[first].end <= start:
            first += 1
        inside = range(first, bisect_right(starts, start))
        if inside:
            kind = "AB" if len(inside) > 1 else "AB"[inside[0] % 2]
            result.append(Run(start, stop, kind, tuple(i + 1 for i in inside if starts[i] == start)))
    return result


def cuts(document: Document, chunks: Sequence[Chunk]) -> str:
    """The beginning of a document with its chunks tinted, hatched and numbered."""
    if not chunks:
        return cells.empty(f"{esc(document.name)} has no text to cut.")
    end = min(len(document.text), _CUT_CHARACTERS)
    parts, at = [], chunks[0].start
    for run in runs(chunks, end):
        parts.append(esc(document.text[at : run.start]))
        numbers = "".join(f'<span class="rs-cno" title="chunk {n} begins">{n}</span>' for n in run.numbers)
        parts.append(f'<span class="rs-c{run.kind}">{numbers}{esc(document.text[run.start : run.end])}</span>')
        at = run.end
    rest = "…" if end < len(document.text) else ""
    return f'<p class="rs-cuts"{lang(document.text)} data-chunks="{len(chunks)}">{"".join(parts)}{rest}</p>'


def no_cuts() -> str:
    """No document yet."""
    return cells.empty("", "The first chunks of a document stand here, at the settings on the left.")


def cuts_note(name: str, chunks: int, settings: ChunkSettings) -> str:
    """Which document is shown and how it is cut."""
    overlap = f", overlap {settings.chunk_overlap}" if settings.chunk_overlap else ", no overlap"
    return (
        f"<span{lang(name)}>{esc(name)}</span>, <span class=rs-nowrap>{count(chunks, 'chunk')} of at most "
        f"{count(settings.chunk_size, 'token')}{overlap}</span>"
    )


def legend(document: Document, tokens: int) -> str:
    """What the tints mean, and what the language costs in tokens."""
    marks = "".join(
        f'<span><i class="rs-sw rs-c{kind}"></i>{text}</span>'
        for kind, text in (("A", "odd chunks, plain"), ("B", "even chunks, hatched"), ("AB", "in both (overlap)"))
    )
    letters = len(document.text)
    what = "Korean" if is_korean(document.text) else "This document"
    cost = f"<span>{what} takes {tokens / letters:.2g} tokens a character here.</span>" if letters else ""
    return f'<div class="rs-legend">{marks}{cost}</div>'


def removed(name: str) -> str:
    """A document was taken out."""
    return f'<p class="rs-done" role="status"><b>{esc(name)}</b> was removed.</p>'
