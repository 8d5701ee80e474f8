"""Plain text and Markdown, kept character for character.

For a UTF-8 file the text equals `open(path, newline="", encoding="utf-8").read()`; a byte order mark is removed.
Knows nothing of how Markdown looks when shown: it only finds the headings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..types import Document
from .common import make_document
from .decoding import decode

_LINE = re.compile(r"[^\r\n]+|\r\n?|\n")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
# A line that begins one of these is no paragraph, so a rule below it is no heading.
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
    return _Headings().read(text)


@dataclass(slots=True)
class _Headings:
    """One pass over the lines; remembers the open fence and the paragraph a setext underline would end."""

    found: list[list[int]] = field(default_factory=list)
    fence: str = ""
    paragraph: int | None = None  # start of the running paragraph

    def read(self, text: str) -> list[list[int]]:
        for start, line in _lines(text, _front_matter_end(text)):
            if self._in_fence(line):
                self.paragraph = None
            else:
                self._line(start, line)
        return self.found

    def _in_fence(self, line: str) -> bool:
        match = _FENCE.match(line)
        if self.fence:
            mark = match.group(1) if match and not match.group(2).strip() else ""
            if mark.startswith(self.fence):
                self.fence = ""
            return True
        # A back-tick after the opening ones makes it code within a line.
        if match and not (match.group(1)[0] == "`" and "`" in match.group(2)):
            self.fence = match.group(1)
        return bool(self.fence)

    def _line(self, start: int, line: str) -> None:
        end = start + len(line)
        if atx := _ATX.match(line):
            self.found.append([len(atx.group(1)), start, end])
            self.paragraph = None
        elif self.paragraph is not None and (rule := _UNDERLINE.match(line)):
            self.found.append([1 if rule.group(1)[0] == "=" else 2, self.paragraph, end])
            self.paragraph = None
        elif not line.strip() or (self.paragraph is None and _NOT_A_PARAGRAPH.match(line)):
            self.paragraph = None
        elif self.paragraph is None:
            self.paragraph = start


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    """(start, line without its end) of every line; an empty line is "" at the newline that makes it."""
    after_line = False
    for match in _LINE.finditer(text, start):
        piece = match.group()
        if piece[0] not in "\r\n":
            after_line = True
            yield match.start(), piece
        elif after_line:
            after_line = False
        else:
            yield match.start(), ""


def _front_matter_end(text: str) -> int:
    """Where the Markdown begins: after a block between "---" lines at the very top, else 0."""
    match = re.match(r"---[ \t]*(?:\r\n?|\n)(?:.*(?:\r\n?|\n))*?(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|$)", text)
    return match.end() if match else 0
