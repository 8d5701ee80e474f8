"""PDF: the text of every page, in the order the file draws it.

Knows nothing of pictures: a page that is only a scan is noted, not read.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import LoadError
from ..types import Document
from .common import TextBuilder, count, is_blank, listing, make_document, needing, one_line, parsing
from .sniff import kind_of

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAX_PAGES = 3_000
MAX_OUTLINE = 2_000
_LOCKED = "it is locked with a password. Save a copy without one and drop that."


@dataclass(frozen=True, slots=True)
class PdfLoader:
    """Metadata "pages": start offset of every page; "outline": [level, title, page index]."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when it is locked, damaged, or no page has text (a scan)."""
        with needing("pypdf"):
            from pypdf import PasswordType, PdfReader
            from pypdf.errors import DependencyError
        if b"%PDF-" not in data[:1024]:
            raise LoadError(f"it is not a PDF; it is {kind_of(data) or 'something else'} inside.")
        _quiet(logging.getLogger("pypdf"))
        with parsing("a PDF", *_errors()):
            try:
                reader = PdfReader(BytesIO(data))
                # Many files are encrypted only against changes; those open with an empty password.
                if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
                    raise LoadError(_LOCKED)
            except DependencyError:
                raise LoadError(
                    "reading its encryption needs cryptography. Install it: pip install cryptography"
                ) from None
            pages = _Pages(len(reader.pages))
            pages.read(reader)
            outline = _outline(reader)
        return pages.document(name, data, outline)


@dataclass(slots=True)
class _Pages:
    """Gathers the pages' text and which pages gave none."""

    total: int
    builder: TextBuilder = field(default_factory=TextBuilder)
    starts: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)  # page numbers, from 1
    failed: list[int] = field(default_factory=list)

    def read(self, reader: "PdfReader") -> None:
        for number in range(1, min(self.total, MAX_PAGES) + 1):
            text = self._text(reader, number)
            if is_blank(text):
                self.starts.append(-1)
            else:
                self.starts.append(self.builder.add(text)[0])

    def _text(self, reader: "PdfReader", number: int) -> str:
        try:
            with parsing("a page", *_errors()):
                page = reader.pages[number - 1]
                text = page.extract_text().strip()
                if is_blank(text):
                    _check_content(page)
                    self.empty.append(number)
                return text
        except LoadError:
            self.failed.append(number)
            return ""

    def document(self, name: str, data: bytes, outline: list[list[Any]]) -> Document:
        self._require_text()
        metadata: dict[str, Any] = {"pages": _filled(self.starts, self.builder.length)}
        if outline:
            metadata["outline"] = outline
        text = self.builder.text
        return make_document(name, data, text, "application/pdf", metadata, self._notes(text), self.builder.replaced)

    def _require_text(self) -> None:
        if self.builder.length:
            return
        if self.failed:
            raise LoadError(f"none of its {count(self.total, 'page')} can be read; it is probably damaged.")
        if not self.total:
            raise LoadError("it has no pages; it is probably damaged.")
        which = f"none of its {self.total:,} pages has text" if self.total > 1 else "its only page has no text"
        raise LoadError(f"{which}; it is probably scanned and needs OCR first.")

    def _notes(self, text: str) -> list[str]:
        notes = []
        missing = len(self.empty) + len(self.failed) + max(0, self.total - MAX_PAGES)
        if missing:
            parts = [f"read {self.total - missing:,} of {count(self.total, 'page')}"]
            if self.empty:
                parts.append(f"{_these(self.empty)} {'has' if len(self.empty) == 1 else 'have'} no text")
            if self.failed:
                parts.append(f"{_these(self.failed)} could not be read")
            if self.total > MAX_PAGES:
                parts.append(f"split the file to read those after page {MAX_PAGES:,}")
            notes.append("; ".join(parts))
        unknown = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in text)
        if unknown * 10 > len(text):
            notes.append("many of its letters cannot be told: its fonts do not say which letters they draw")
        return notes


def _errors() -> tuple[type[Exception], ...]:
    """pypdf's own errors; two of them are outside its tree."""
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    return PyPdfError, DependencyError, DeprecationError


def _these(pages: Sequence[int]) -> str:
    return f"{'page' if len(pages) == 1 else 'pages'} {listing(pages)}"


def _filled(starts: list[int], end: int) -> list[int]:
    """A page without text starts where the next one does."""
    filled = list(starts)
    for index in range(len(filled) - 1, -1, -1):
        if filled[index] < 0:
            filled[index] = end
        end = filled[index]
    return filled


def _check_content(page: "PageObject") -> None:
    """Raises when a page gave no text because its content is damaged or too large, not because it has none."""
    content = page.get_contents()
    if content is not None:
        content.get_data()


def _outline(reader: "PdfReader") -> list[list[Any]]:
    """[level, title, page index] of the bookmarks; empty when they are damaged, since the text is there without."""
    found: list[list[Any]] = []
    try:
        with parsing("an outline", *_errors()):
            _walk(reader, reader.outline, 1, found)
    except LoadError:
        return []
    return found


def _walk(reader: "PdfReader", items: Sequence[Any], level: int, found: list[list[Any]]) -> None:
    for item in items:
        if len(found) >= MAX_OUTLINE or level > 20:
            return
        if isinstance(item, list):
            _walk(reader, item, level + 1, found)
        else:
            page = reader.get_destination_page_number(item)
            if page is not None and 0 <= page < MAX_PAGES:
                found.append([level, one_line(str(item.title)), page])


def _quiet(logger: logging.Logger) -> None:
    """Keeps a library's remarks off the terminal; a handler the program itself has set up still gets them."""
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
