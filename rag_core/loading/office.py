"""Word and Excel files: paragraphs and tables of .docx, rows of every sheet of .xlsx.

Macros, links and pictures are never followed or run; formulas give the value that was last stored. Knows nothing of
fonts, colours and number formats.
"""

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..types import Document
from .archive import check_archive
from .common import TextBuilder, count, listing, make_document, needing, one_line, parsing
from .rows import MAX_ROWS, Row, cell, table_lines

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNCOMPUTED = re.compile(rb"<f(?:>[^<]*</f>|[ ][^>]*/>|[ ][^>]*[^/>]>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
# Entries of a Word file whose text is not part of the running text.
_ASIDE = (("header", "headers"), ("footer", "footers"), ("footnotes", "footnotes"), ("endnotes", "endnotes"))


@dataclass(frozen=True, slots=True)
class WordLoader:
    """Paragraphs parted by blank lines, table rows as lines; metadata "headings" by style or outline level."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when it is locked, damaged, or something else inside."""
        with needing("python-docx"):
            import docx
            from docx.opc.exceptions import OpcError
        check_archive(data, "a Word file (.docx)", "word/document.xml")
        with parsing("a Word file", OpcError):
            word = docx.Document(BytesIO(data))
            writer = _WordWriter(*_styles(word))
            writer.blocks(word.element.body)
            notes = _left_out(word)
        builder, metadata = writer.builder, {"headings": writer.headings}
        return make_document(name, data, builder.text, _WORD_TYPE, metadata, notes, builder.replaced)


@dataclass(slots=True)
class _WordWriter:
    """Goes through the XML of the body itself: python-docx passes over content controls, changes and text boxes."""

    levels: dict[str, int]  # heading level by style id
    lists: dict[str, int]  # styles of list items
    builder: TextBuilder = field(default_factory=TextBuilder)
    headings: list[list[int]] = field(default_factory=list)
    was_item: bool = False

    def blocks(self, parent: Any) -> None:
        for element in parent.iterchildren():
            if element.tag == f"{_W}p":
                self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                self._table(element)
            elif element.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}smartTag", f"{_W}customXml"}:
                self.blocks(element)

    def _paragraph(self, element: Any) -> None:
        text = _text(element).strip()
        named = element.find(f"{_W}pPr/{_W}pStyle")
        style = named.get(f"{_W}val", "") if named is not None else ""
        level = _outline_level(element) or self.levels.get(style, 0)
        is_item = not level and (style in self.lists or element.find(f"{_W}pPr/{_W}numPr") is not None)
        if text:
            separator = "\n" if is_item and self.was_item else "\n\n"
            start, end = self.builder.add(f"- {text}" if is_item else text, separator)
            if level:
                self.headings.append([level, start, end])
            self.was_item = is_item
        for box in element.iter(f"{_W}txbxContent"):
            if not _is_fallback(box):
                self.blocks(box)

    def _table(self, table: Any) -> None:
        rows = [[_cell_text(td) for td in _cells(tr)] for tr in _rows(table)]
        for number, line in enumerate(table_lines([row for row in rows if any(row)])):
            self.builder.add(line, "\n" if number else "\n\n")
        self.was_item = False


def _rows(table: Any) -> Iterator[Any]:
    return (tr for tr in table.iter(f"{_W}tr") if next(tr.iterancestors(f"{_W}tbl")) is table)


def _cell_text(td: Any) -> str:
    return one_line(" ".join(_text(p) for p in td.iter(f"{_W}p") if not _is_fallback(p)))


def _is_fallback(element: Any) -> bool:
    """Text boxes are there twice, the second time for programs that cannot draw them."""
    return any(above.tag == _FALLBACK for above in element.iterancestors())


def _cells(row: Any) -> Iterator[Any]:
    """The cells, and an empty paragraph for each further column one of them spans."""
    for td in row.iter(f"{_W}tc"):
        if next(td.iterancestors(f"{_W}tr")) is row:
            yield td
            span = td.find(f"{_W}tcPr/{_W}gridSpan")
            wide = span.get(f"{_W}val", "1") if span is not None else "1"
            yield from [td.makeelement(f"{_W}tc")] * (min(int(wide), 100) - 1 if wide.isdigit() else 0)


def _text(paragraph: Any) -> str:
    """What the paragraph says, inserted text included, deleted text and text boxes not."""
    parts: list[str] = []
    stack = [paragraph]
    while stack:
        element = stack.pop()
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag == f"{_W}tab":
            parts.append("\t")
        elif element.tag in {f"{_W}br", f"{_W}cr"}:
            parts.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif element.tag not in {f"{_W}pPr", f"{_W}rPr", f"{_W}txbxContent", f"{_W}del", f"{_W}moveFrom", _FALLBACK}:
            stack += reversed(element)
    return "".join(parts)


def _styles(word: "WordDocument") -> tuple[dict[str, int], dict[str, int]]:
    """Heading levels, and marks of list styles, by style id; a style has what the one it is based on has."""
    levels: dict[str, int] = {}
    lists: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in word.styles.element.iterchildren(f"{_W}style"):
        key = style.get(f"{_W}styleId", "")
        name = style.find(f"{_W}name")
        match = re.fullmatch(r"(?:heading ([1-9])|title)", name.get(f"{_W}val", "").lower() if name is not None else "")
        outline = _outline_level(style)
        if match or outline:
            levels[key] = int(match.group(1) or 1) if match else outline
        if style.find(f"{_W}pPr/{_W}numPr") is not None:
            lists[key] = 1
        if (parent := style.find(f"{_W}basedOn")) is not None:
            based[key] = parent.get(f"{_W}val", "")
    return _inherited(levels, based), _inherited(lists, based)


def _inherited(own: dict[str, int], based: dict[str, str]) -> dict[str, int]:
    found = dict(own)
    for style in based:
        seen: set[str] = set()
        key = style
        while key not in own and key in based and key not in seen:
            seen.add(key)
            key = based[key]
        if key in own:
            found[style] = own[key]
    return found


def _outline_level(element: Any) -> int:
    outline = element.find(f"{_W}pPr/{_W}outlineLvl")
    value = outline.get(f"{_W}val", "") if outline is not None else ""
    return int(value) + 1 if value in set("012345678") else 0  # 9 means body text


def _left_out(word: "WordDocument") -> list[str]:
    """A note on headers, footers and notes, where they have text."""
    found = set()
    for part in word.part.package.iter_parts():
        entry = str(part.partname).rpartition("/")[2]
        for mark, noun in _ASIDE:
            if entry.startswith(mark) and re.search(rb"<w:t[ >]", part.blob):
                found.add(noun)
    return [f"left out {listing(sorted(found))}"] if found else []


@dataclass(frozen=True, slots=True)
class ExcelLoader:
    """A sheet's name, then its rows as lines; metadata "sheets": [name, start], "headings": the sheets' names."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when it is locked, damaged, or something else inside."""
        with needing("openpyxl", "defusedxml"):
            import_module("defusedxml")  # with it openpyxl is safe against entity bombs, without it is not
            from openpyxl.utils.exceptions import InvalidFileException
        check_archive(data, "an Excel file (.xlsx)", "xl/workbook.xml")
        warnings.filterwarnings("ignore", module="openpyxl")  # it warns of every extension it does not know
        reader = _ExcelReader()
        with parsing("an Excel file", InvalidFileException):
            reader.read(data)
        builder = reader.builder
        metadata = {"sheets": reader.sheets, "headings": reader.headings}
        return make_document(name, data, builder.text, _EXCEL_TYPE, metadata, reader.notes, builder.replaced)


@dataclass(slots=True)
class _ExcelReader:
    builder: TextBuilder = field(default_factory=TextBuilder)
    sheets: list[list[Any]] = field(default_factory=list)
    headings: list[list[int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, data: bytes) -> None:
        from openpyxl import load_workbook

        book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        hidden = []
        for sheet in book.worksheets:
            rows = self._rows(sheet)
            if rows:
                self._write(sheet.title, rows)
                if sheet.sheet_state != "visible":
                    hidden.append(f'"{sheet.title}"')
        if hidden:
            self.notes.append(
                f"{'sheet' if len(hidden) == 1 else 'sheets'} {listing(hidden)} hidden in Excel, read too"
            )
        if lost := _formulas_without_value(data):
            self.notes.append(
                f"left out {count(lost, 'formula')} without a stored value; open and save the file in Excel first"
            )

    def _rows(self, sheet: Any) -> list[Row]:
        """The rows that are not empty."""
        declared = sheet.max_row or 0
        # The size a sheet states of itself may be wrong, and rows beyond it would be lost.
        sheet.reset_dimensions()
        rows: list[Row] = []
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MAX_ROWS:
                total = f"{declared:,}" if declared >= number else f"more than {MAX_ROWS:,}"
                self.notes.append(
                    f'read {MAX_ROWS:,} of {total} rows of sheet "{sheet.title}"; split it to read them all'
                )
                break
            row = [_shown(value) for value in values]
            if any(row):
                rows.append(row)
        return rows

    def _write(self, title: str, rows: list[Row]) -> None:
        used = [
            column for column in range(max(map(len, rows))) if any(column < len(row) and row[column] for row in rows)
        ]
        rows = [[row[column] if column < len(row) else "" for column in used] for row in rows]
        title = one_line(title) or "Sheet"
        start, end = self.builder.add(title)
        self.sheets.append([title, start])
        self.headings.append([1, start, end])
        for line in table_lines(rows):
            self.builder.add(line, "\n")


def _formulas_without_value(data: bytes) -> int:
    """Formulas that no program has computed yet: a sheet's XML has <f> without a <v> after it."""
    lost = 0
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for entry in archive.namelist():
            if entry.startswith("xl/worksheets/"):
                lost += len(_UNCOMPUTED.findall(archive.read(entry)))
    return lost


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "minutes")
    return "" if value is None else cell(str(value))
