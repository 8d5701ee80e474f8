"""Where sections begin: at headings that text or format mark as such, never at a short line that looks like one.

Formats bring theirs along (`Document.metadata["headings"]`: Markdown, HTML, Word, Excel); wikitext is read here. Knows
nothing of tokens or units.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Heading = tuple[int, int, int]  # level from 1, start and end of the whole line

# " = Title = ", as many signs before as after; some corpora put blanks between the signs.
_WIKITEXT = re.compile(
    r"^[ \t]*(?P<open>=(?:[ \t]*=){0,5})[ \t]*(?![=\s])[^\n]{1,200}?(?<![=\s])[ \t]*"
    r"(?P<close>=(?:[ \t]*=){0,5})[ \t\r]*$",
    re.M,
)
_MARKS = re.compile(r"^[#=\s]+|(?:\s#+|[=\s]+)\s*$")


def headings(text: str, metadata: Mapping[str, Any]) -> list[Heading]:
    """Every heading line, in order."""
    marked = [(int(level), int(start), int(end)) for level, start, end in metadata.get("headings", ())]
    return sorted(marked or _wikitext(text), key=lambda heading: heading[1])


def title(line: str) -> str:
    """A heading's words without the marks around them.

    >>> [title(line) for line in ("## Care ##", " = = Plot = = ", "Learning C#")]
    ['Care', 'Plot', 'Learning C#']
    """
    return " ".join(_MARKS.sub("", _MARKS.sub("", line)).split())


def paths(sections: Sequence[Sequence[int]], text: str) -> list[str]:
    """The heading path of every section, "Catalogue > Fireplaces"; "" before the first heading."""
    open_titles: list[tuple[int, str]] = []
    result = []
    for _, level, start, end in sections:
        while open_titles and open_titles[-1][0] >= level:
            open_titles.pop()
        if level:
            open_titles.append((level, title(text[start:end])))
        result.append(" > ".join(words for _, words in open_titles))
    return result


def _wikitext(text: str) -> Iterator[Heading]:
    if "=" not in text:
        return
    for match in _WIKITEXT.finditer(text):
        level = match["open"].count("=")
        if level == match["close"].count("="):
            yield level, match.start("open"), match.end("close")
