"""Web pages: the text a reader would see, block by block.

Paragraphs are parted by blank lines, list items begin with "- ", table rows are lines. Scripts, styles and hidden
parts are left out; nothing is fetched. Knows nothing of layout beyond which tags are blocks.
"""

import re
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import LoadError
from ..types import Document
from .common import TextBuilder, count, make_document, needing, one_line, parsing
from .decoding import decode
from .rows import table_lines

if TYPE_CHECKING:
    from bs4.element import Tag

MAX_DEPTH = 2_000  # pages whose tags are never closed reach hundreds
_MAX_SPAN = 100
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DROPPED = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "canvas",
        "audio",
        "video",
        "select",
    }
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    }
)
_LISTS = frozenset({"ul", "ol", "menu", "dir"})


@dataclass(frozen=True, slots=True)
class PageText:
    """The visible text of a page, its headings' [level, start, end], its title and how many parts were hidden."""

    text: str
    headings: list[list[int]]
    title: str
    hidden: int
    replaced: int


@dataclass(frozen=True, slots=True)
class HtmlLoader:
    """Metadata "headings", and "title" when the page has one."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when nothing in it is visible or its tags are nested without end."""
        declared = _CHARSET.search(data[:4096])
        found = decode(data, declared.group(1).decode("ascii") if declared else "")
        page = read_html(found.text)
        notes = list(found.notes)
        if page.hidden:
            notes.append(f"left out {count(page.hidden, 'hidden part')}")
        metadata = {"encoding": found.encoding, "headings": page.headings}
        if page.title:
            metadata["title"] = page.title
        return make_document(name, data, page.text, "text/html", metadata, notes, page.replaced)


def read_html(markup: str) -> PageText:
    """The visible text of `markup`. Raises LoadError when its tags are nested too deep."""
    with needing("beautifulsoup4", "lxml"):
        import_module("lxml.etree")
        from bs4 import BeautifulSoup
        from bs4.exceptions import ParserRejectedMarkup
    warnings.filterwarnings("ignore", module="bs4")  # it wonders about markup that looks like a path or like XML
    with parsing("a web page", ParserRejectedMarkup):
        soup = BeautifulSoup(markup, "lxml")
        walker = _Walker()
        walker.walk(soup)
        title = one_line(soup.title.get_text()) if soup.title else ""
        return PageText(walker.builder.text, walker.headings, title, walker.hidden, walker.builder.replaced)


@dataclass(slots=True)
class _Walker:
    """Goes through the tags without recursion and writes a block whenever one ends."""

    builder: TextBuilder = field(default_factory=TextBuilder)
    headings: list[list[int]] = field(default_factory=list)
    hidden: int = 0
    words: list[str] = field(default_factory=list)  # of the running block
    raw: int = 0  # open <pre> tags
    lists: int = 0  # open lists
    mark: str = ""  # what the next block of a list item begins with
    was_item: bool = False

    def walk(self, root: "Tag") -> None:
        """Writes everything below `root`."""
        from bs4.element import CData, NavigableString, Tag

        stack: list[tuple[object, bool]] = [(root, False)]
        depth = 0
        while stack:
            node, leaving = stack.pop()
            if isinstance(node, Tag):
                depth += -1 if leaving else 1
                if depth > MAX_DEPTH:
                    raise LoadError(f"its tags are nested too deep; at most {MAX_DEPTH:,} levels are read.")
                if leaving:
                    self._leave(node.name)
                elif self._enter(node):
                    stack.append((node, True))
                    stack += [(child, False) for child in reversed(node.contents)]
                else:
                    depth -= 1
            elif type(node) in (NavigableString, CData):  # not a comment nor a doctype, which are subclasses
                self.words.append(str(node) if self.raw else re.sub(r"\s+", " ", str(node)))
        self._end_block()

    def _enter(self, tag: "Tag") -> bool:
        """Whether to go into the tag."""
        if tag.name in _DROPPED:
            return False
        if _is_hidden(tag):
            self.hidden += bool(tag.get_text(strip=True))
            return False
        if tag.name == "br":
            self.words.append("\n")
        elif tag.name in _BLOCKS:
            self._end_block()
        if tag.name == "table" and tag.find("table") is None and tag.find("tr") is not None:
            self._table(tag)
            return False
        self.raw += tag.name == "pre"
        self.lists += tag.name in _LISTS
        if tag.name == "li":
            self.mark = "  " * max(0, self.lists - 1) + "- "
        return True

    def _leave(self, name: str) -> None:
        if name in _BLOCKS:
            self._end_block(_HEADINGS.get(name, 0))
        if name == "li":
            self.mark = ""
        self.raw -= name == "pre"
        self.lists -= name in _LISTS

    def _end_block(self, level: int = 0) -> None:
        written = "".join(self.words)
        self.words.clear()
        text = written.strip("\r\n") if self.raw else "\n".join(map(one_line, written.split("\n"))).strip()
        if not text.strip():
            return
        is_item = bool(self.mark)
        start, end = self.builder.add(self.mark + text, "\n" if is_item and self.was_item else "\n\n")
        if level:
            self.headings.append([level, start, end])
        self.mark, self.was_item = "", is_item

    def _table(self, table: "Tag") -> None:
        caption = table.find("caption")
        lines = [_flat(caption)] if caption else []
        grid, has_header = _grid(table)
        lines += table_lines(grid, has_header)
        for number, line in enumerate(filter(None, lines)):
            self.builder.add(line, "\n" if number else "\n\n")
        self.was_item = False


def _is_hidden(tag: "Tag") -> bool:
    return "hidden" in tag.attrs or bool(_HIDDEN_STYLE.search(str(tag.attrs.get("style", ""))))


def _flat(tag: "Tag") -> str:
    """Everything visible in a cell, on one line."""
    inner = _Walker()
    inner.walk(tag)
    return one_line(inner.builder.text)


def _grid(table: "Tag") -> tuple[list[list[str]], bool]:
    """The rows with spanned cells filled in, and whether the first row is made of header cells."""
    grid: list[list[str]] = []
    hanging: dict[int, tuple[str, int]] = {}  # column: text and rows still to go
    has_header = False
    for tr in table.find_all("tr"):
        row: list[str] = []
        cells = tr.find_all(["td", "th"], recursive=False)
        for td in cells:
            _hang(row, hanging)
            text, rows = _flat(td), _span(td, "rowspan")
            if rows > 1:
                hanging[len(row)] = (text, rows - 1)
            row += [text] + [""] * (_span(td, "colspan") - 1)
        _hang(row, hanging)
        if any(row):
            has_header = has_header or (not grid and len(cells) > 1 and all(td.name == "th" for td in cells))
            grid.append(row)
    return grid, has_header


def _hang(row: list[str], hanging: dict[int, tuple[str, int]]) -> None:
    """Fill in cells that reach down from rows above."""
    while len(row) in hanging:
        text, rows = hanging.pop(len(row))
        if rows > 1:
            hanging[len(row)] = (text, rows - 1)
        row.append(text)


def _span(tag: "Tag", name: str) -> int:
    value = str(tag.attrs.get(name, "1")).strip()
    return min(_MAX_SPAN, max(1, int(value))) if value.isascii() and value.isdigit() else 1
