"""Structured data as readable text: JSON, JSON lines, CSV and TSV.

Knows nothing of what the keys and columns mean.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import LoadError
from ..types import Document
from .common import MAX_CHARACTERS, TextBuilder, count, is_blank, listing, make_document
from .decoding import decode
from .records import Json, JsonReader, paragraphs
from .rows import MAX_ROWS, Row, cell, table_lines

_Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE

_SAMPLE = 65_536  # characters from which the delimiter is told


@dataclass(frozen=True, slots=True)
class JsonLoader:
    """One JSON value: texts by key, a list of texts or of objects, or anything nested."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError with line and column where it is not JSON."""
        found = decode(data)
        reader = JsonReader()
        notes = list(found.notes)
        try:
            values = [] if is_blank(found.text) else [reader.parse(found.text)]
        except json.JSONDecodeError as error:
            values, bad = _json_lines(found.text, reader) if error.msg == "Extra data" else ([], [(1, "")])
            if bad:
                raise LoadError(
                    f"it is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}."
                ) from None
            notes.append("read as JSON lines, one value a line")
        notes += reader.notes
        return _json_document(name, data, values, "application/json", found.encoding, notes)


@dataclass(frozen=True, slots=True)
class JsonLinesLoader:
    """One JSON value a line; a line that is none is left out and named."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when no line is JSON."""
        found = decode(data)
        reader = JsonReader()
        values, bad = _json_lines(found.text, reader)
        if bad and not values:
            raise LoadError(f"none of its {count(len(bad), 'line')} is valid JSON; line {bad[0][0]}: {bad[0][1]}.")
        notes = [*found.notes, *reader.notes]
        if bad:
            which = ("line " if len(bad) == 1 else "lines ") + listing([line for line, _ in bad])
            notes.append(f"read {len(values):,} of {count(len(values) + len(bad), 'line')}; {which} not valid JSON")
        return _json_document(name, data, values, "application/jsonl", found.encoding, notes)


@dataclass(frozen=True, slots=True)
class TableLoader:
    """Rows of cells parted by the one of `delimiters` that fits best; ragged rows are kept."""

    delimiters: str
    media_type: str

    def load(self, name: str, data: bytes) -> Document:
        """Every row as a line "Header: value; Header: value"."""
        found = decode(data)
        text, delimiter = _delimiter(found.text, self.delimiters)
        rows, total, notes = _read_rows(text, delimiter)
        notes = [*found.notes, *notes]
        if total > len(rows):
            notes.append(f"read {len(rows):,} of {total:,} rows; split the file to read them all")
        builder = TextBuilder()
        for line in table_lines(rows):
            builder.add(line, "\n")
        metadata = {"encoding": found.encoding}
        return make_document(name, data, builder.text, self.media_type, metadata, notes, builder.replaced)


def _json_document(
    name: str, data: bytes, values: Sequence[Json], media_type: str, encoding: str, notes: Sequence[str]
) -> Document:
    builder = TextBuilder()
    for value in values:
        for paragraph in paragraphs(value):
            builder.add(paragraph)
    return make_document(name, data, builder.text, media_type, {"encoding": encoding}, notes, builder.replaced)


def _json_lines(text: str, reader: JsonReader) -> tuple[list[Json], list[tuple[int, str]]]:
    """The values, and (line number, reason) of the lines that are none. Only a line feed ends a line."""
    values: list[Json] = []
    bad: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(reader.parse(line))
            except json.JSONDecodeError as error:
                bad.append((number, error.msg))
            except LoadError:
                bad.append((number, "nested too deep"))
    return values, bad


def _delimiter(text: str, candidates: str) -> tuple[str, str]:
    """The text without Excel's "sep=" line, and the delimiter under which most rows have the same width."""
    if named := re.match(r"sep=(.)(?:\r\n?|\n)", text):
        return text[named.end() :], named.group(1)
    sample = text[:_SAMPLE]
    best, best_share = candidates[0], 0.0
    for candidate in candidates:
        # The last row of a sample may be cut off.
        widths = [len(row) for row in _parse(sample, candidate, csv.QUOTE_MINIMAL) if any(row)]
        widths = widths[:-1] if len(text) > _SAMPLE else widths
        width, often = Counter(widths).most_common(1)[0] if widths else (1, 0)
        # The first row names the columns more often than not: a delimiter it lacks is likely part of the values.
        share = (often / len(widths) + (widths[0] == width) / 2) if width > 1 else 0.0
        if share > best_share:
            best, best_share = candidate, share
    return text, best


def _read_rows(text: str, delimiter: str) -> tuple[list[Row], int, list[str]]:
    """The rows that are kept, how many there are, and notes."""
    rows, total = _kept(text, delimiter, csv.QUOTE_MINIMAL)
    ends_inside = bool(rows) and len(rows) == total and any("\n" in value for value in rows[-1][-1:])
    if ends_inside and not text.rstrip().endswith('"'):  # an opening quote has swallowed the rest of the file
        rows, total = _kept(text, delimiter, csv.QUOTE_NONE)
        return _one_line_cells(rows), total, ["a quote is opened and never closed; quotes were read as they stand"]
    return _one_line_cells(rows), total, []


def _kept(text: str, delimiter: str, quoting: _Quoting) -> tuple[list[list[str]], int]:
    rows: list[list[str]] = []
    total = 0
    for row in _parse(text, delimiter, quoting):
        if any(value.strip() for value in row):
            total += 1
            if total <= MAX_ROWS:
                rows.append(row)
    return rows, total


def _one_line_cells(rows: Sequence[Row]) -> list[Row]:
    return [[cell(value) for value in row] for row in rows]


def _parse(text: str, delimiter: str, quoting: _Quoting) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CHARACTERS)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
