"""What the text viewer asks for: pages of a document, chunk spans, an outline. Plain data for JSON.

Offsets are characters of the whole document. Knows nothing of gradio; viewer.js draws what these functions say.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from rag_core.types import Chunk, Document, Heat, Hit

from .words import is_korean

PAGE = 6_000  # characters sent at once
_ROWS = 150  # bars of the outline


def page_edges(text: str) -> list[int]:
    """Where pages begin, and the text's end: about PAGE characters each, cut at a line's end where one is near."""
    edges = [0]
    while len(text) - edges[-1] > PAGE + PAGE // 4:
        target = edges[-1] + PAGE
        line = text.find("\n", target, target + PAGE // 6)
        space = text.find(" ", target, target + PAGE // 6)
        edges.append((line if line >= 0 else space if space >= 0 else target) + 1)
    if text:
        edges.append(len(text))
    return edges


def page(document: Document, chunks: Sequence[Chunk], number: int) -> dict[str, Any]:
    """Page `number` (0-based, clamped): its text, its runs of language and heading, and the chunks that touch it."""
    edges = page_edges(document.text)
    number = max(0, min(number, len(edges) - 2))
    start, end = (edges[number], edges[number + 1]) if len(edges) > 1 else (0, 0)
    return {
        "page": number,
        "edges": edges,
        "start": start,
        "end": end,
        "text": document.text[start:end],
        "runs": text_runs(document, start, end),
        **spans(chunks, start, end),
    }


def spans(chunks: Sequence[Chunk], start: int, end: int) -> dict[str, Any]:
    """The chunks that touch [start, end) as [number, start, end, tokens], and how many there are in all."""
    first = bisect_right(chunks, start, key=lambda chunk: chunk.end)
    last = bisect_left(chunks, end, key=lambda chunk: chunk.start)
    touched = [[i + 1, chunks[i].start, chunks[i].end, chunks[i].tokens] for i in range(first, last)]
    return {"spans": touched, "chunks": len(chunks)}


def text_runs(document: Document, start: int, end: int) -> list[list[Any]]:
    """[start, end, language, heading level] of neighbouring lines of one kind; together they are [start, end)."""
    headings = {int(at): int(level) for level, at, _ in document.metadata.get("headings", ())}
    result: list[list[Any]] = []
    at = start
    for line in document.text[start:end].splitlines(keepends=True):
        level = next((headings[i] for i in range(at, at + min(len(line), 8)) if i in headings), 0)
        language = "ko" if is_korean(line) else ""
        previous = result[-1] if result else None
        blank = not line.strip()
        if previous and not previous[3] and not level and (blank or previous[2] == language):
            previous[1] = at + len(line)
        else:
            result.append([at, at + len(line), language, level])
        at += len(line)
    return result


def outline(document: Document) -> dict[str, Any]:
    """The whole document as bars: [start, end, share of the widest line], about a line each, at most _ROWS."""
    lines = []
    at = 0
    for line in document.text.splitlines(keepends=True):
        for offset in range(0, len(line), 90):
            part = line[offset : offset + 90]
            lines.append([at + offset, at + offset + len(part), len(part.strip())])
        at += len(line)
    step = max(1, -(-len(lines) // _ROWS))
    rows = [lines[i : i + step] for i in range(0, len(lines), step)]
    bars = [[row[0][0], row[-1][1], sum(line[2] for line in row) / len(row) / 90] for row in rows]
    return {"characters": len(document.text), "rows": [[a, b, round(share, 2)] for a, b, share in bars]}


def marks(hits: Sequence[Hit], document_id: str, top_k: int) -> list[list[Any]]:
    """[start, end, rank, score] of the hits that lie in one document."""
    return [
        [hit.start, hit.end, hit.rank, round(hit.score, 3)] for hit in hits[:top_k] if hit.document_id == document_id
    ]


def heat(field: Heat) -> dict[str, Any]:
    """[start, end, step] of the sentences the question touches, steps 1 (weak) to 5 (strong)."""
    rows = zip(field.starts, field.ends, field.steps, strict=True)
    return {"heat": [[start, end, step] for start, end, step in rows if step]}
