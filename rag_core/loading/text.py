"""Plain text and Markdown, kept character for character.

For a UTF-8 file the text equals `open(path, newline="", encoding="utf-8").read()`; a byte order mark is removed.
Knows nothing of how Markdown looks when shown: it only finds the headings.
"""

import re
from dataclasses import dataclass

from ..types import Document
from .common import make_document
from .decoding import decode

# What may be or end a heading, or hide one. The newline in front lets the search jump from line to line.
_CANDIDATE = re.compile(
    r"\n {0,3}(?:(?P<atx>#{1,6})(?=[ \t\n]|\Z)|(?P<fence>`{3,}|~{3,})|(?P<rule>=+|-+)(?=[ \t]*(?:\n|\Z)))"
)
# A block that begins with one of these is no paragraph, so a rule below it makes no heading.
_NOT_A_PARAGRAPH = re.compile(r"(?: {4}|\t| {0,3}(?:[>|]|[-*+][ \t]|\d{1,9}[.)][ \t]|<[a-zA-Z/!]))")


@dataclass(frozen=True, slots=True)
class TextLoader:
    """Any plain text."""

    media_type: str = "text/plain"

    def load(self, name: str, data: bytes) -> Document:
        """The file's text as it is."""
        found = decode(data)
        return make_document(name, data, found.text, self.media_type, {"encoding": found.encoding}, found.notes)


@dataclass(frozen=True, slots=True)
class MarkdownLoader:
    """Markdown source as it is; metadata "headings" has [level, start, end] of every heading's lines."""

    def load(self, name: str, data: bytes) -> Document:
        """The file's text as it is, front matter included."""
        found = decode(data)
        metadata = {"encoding": found.encoding, "headings": markdown_headings(found.text)}
        return make_document(name, data, found.text, "text/markdown", metadata, found.notes)


def markdown_headings(text: str) -> list[list[int]]:
    """[level, start, end] of the lines of every ATX and setext heading outside code and front matter."""
    # Newlines of one kind, each character in its place.
    plain = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
    found: list[list[int]] = []
    fence = ""
    floor = _front_matter_end(plain)  # start of the first line not looked at yet
    # With one newline put in front, a match starts where its line starts in the text itself.
    for match in _CANDIDATE.finditer("\n" + plain, floor):
        start = match.start()
        line = plain[start : _line_end(plain, start)]
        if fence:
            fence = _still_open(fence, line)
        elif match["fence"]:
            fence = "" if _is_code_in_a_line(line) else match["fence"]
        elif match["atx"]:
            found.append([len(match["atx"]), start, start + len(line.rstrip())])
        elif (above := _paragraph_above(plain, floor, start)) is not None:
            found.append([1 if match["rule"][0] == "=" else 2, above, start + len(line.rstrip())])
        floor = start + len(line) + 1
    return found


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _still_open(fence: str, line: str) -> str:
    """The fence, or "" when the line closes it: as many marks or more, and nothing else."""
    mark = line.strip()
    return "" if mark.startswith(fence) and not mark.strip(fence[0]) else fence


def _is_code_in_a_line(line: str) -> bool:
    mark = line.lstrip()
    return mark[0] == "`" and "`" in mark.lstrip("`")


def _paragraph_above(text: str, floor: int, rule: int) -> int | None:
    """Start of the paragraph that ends right above the line at `rule`, not before `floor`; None when none does."""
    start = rule
    while start > floor:
        line = max(floor, text.rfind("\n", floor, start - 1) + 1)
        if not text[line:start].strip():
            break
        start = line
    return start if start < rule and not _NOT_A_PARAGRAPH.match(text, start) else None


def _front_matter_end(text: str) -> int:
    """Where the Markdown begins: after a block between "---" lines at the very top, else 0."""
    match = re.match(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)", text)
    return match.end() if match else 0
