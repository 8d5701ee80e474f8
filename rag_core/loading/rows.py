"""Tables as readable lines: "Header: value; Header: value", one line a row.

Knows nothing of where the rows come from (CSV, a sheet, a table of a page or a letter).
"""

import re
from collections.abc import Iterator, Sequence

MAX_ROWS = 200_000  # of one table; what is beyond is counted and said
_LOOK = 200  # rows from which the header is judged
_NUMBER = re.compile(r"[-+(]?[\d.,:/\s%-]*\d[\d.,:/\s%)-]*(?:[A-Za-z₩$€£¥원]{0,3})")

Row = Sequence[str]


def cell(text: str) -> str:
    """A cell on one line."""
    return " ".join(text.split())


def row_lines(rows: Sequence[Row], header: int | None) -> Iterator[str]:
    """A line for every row that has something in it; rows above the header stand as they are."""
    names = rows[header] if header is not None else ()
    for number, row in enumerate(rows):
        if number == header:
            continue
        line = _line(row, names if header is not None and number > header else ())
        if line:
            yield line


def table_lines(rows: Sequence[Row], has_header: bool | None = None) -> list[str]:
    """The lines of a table; `has_header` None: judge it by its looks."""
    header = find_header(rows) if has_header is None else (0 if has_header and len(rows) > 1 else None)
    return list(row_lines(rows, header))


def find_header(rows: Sequence[Row]) -> int | None:
    """The row that names the columns, None when there is none; titles above it are allowed.

    A header has words, not numbers, in at least two columns, all different, none long, and none of them looks like
    the cells below it.
    """
    look = rows[:_LOOK]
    widths = sorted(_filled(row) for row in look if _filled(row) > 1)
    if not widths:
        return None
    usual = widths[len(widths) // 2]
    for number, row in enumerate(look[:10]):
        if _filled(row) >= max(2, (usual + 1) // 2):
            below = look[number + 1 :]
            return number if any(map(_filled, below)) and _is_header(row, below) else None
    return None


def _line(row: Row, names: Row) -> str:
    parts = []
    for column, value in enumerate(row):
        if value:
            name = names[column] if column < len(names) else ""
            parts.append(f"{name}: {value}" if name else value)
    return "; ".join(parts)


def _filled(row: Row) -> int:
    return sum(1 for value in row if value)


def _is_header(row: Row, below: Sequence[Row]) -> bool:
    names = [value for value in row if value]
    if len(set(names)) < len(names) or any(len(name) > 80 or _NUMBER.fullmatch(name) for name in names):
        return False
    columns = [[other[i] for other in below if i < len(other) and other[i]] for i in range(len(row))]
    return not any(_belongs(name, column) for name, column in zip(row, columns, strict=True) if name)


def _belongs(name: str, column: Sequence[str]) -> bool:
    """Whether a would-be name is one of its column's values, or built as most of them are (ENT-4001, ENT-4002)."""
    if name in column:
        return True
    if not any(c.isdigit() for c in name) or not column:
        return False
    return sum(_shape(value) == _shape(name) for value in column) * 2 > len(column)


def _shape(value: str) -> str:
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", value))
