"""What every loader shares: limits, a document's id and label, text that knows its offsets, one way to fail.

Knows nothing of any file format, nor of the disk.
"""

import hashlib
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import LoadError
from ..types import Document

MAX_BYTES = 200 * 1024 * 1024
MAX_CHARACTERS = 50_000_000
MAX_NAME = 200

# What format libraries raise on damaged input besides their own errors; programming errors of ours surface in tests.
_DAMAGE: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
)
_INVALID = re.compile("[\0\ud800-\udfff]")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters by category, but nothing is drawn for them.
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")


def content_id(data: bytes) -> str:
    """32 hex digits that are equal for equal bytes (BLAKE2b, 128 bits)."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def clean_name(name: str) -> str:
    """A file's name as a label of at most 200 characters; never to be used as a path.

    Control characters and overrides of the writing direction go, as do drive letters, "." and ".."; folders stay,
    as many of the last ones as fit. Letters are composed (NFC), as names from macOS are not.
    """
    kept = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in {"Cc", "Cs"})
    plain = "".join(c for c in kept if c not in _BIDI)
    parts = [part.strip() for part in re.split(r"[/\\]", re.sub(r"^[A-Za-z]:(?=[/\\])", "", plain))]
    parts = [part for part in parts if part not in {"", ".", ".."}]
    if not parts:
        return "unnamed"
    label = _shortened(parts.pop())
    while parts and len(label) + 1 + len(parts[-1]) <= MAX_NAME:
        label = f"{parts.pop()}/{label}"
    return label


def suffix_of(name: str) -> str:
    """The lower-case suffix of a file's name with its dot, "" when there is none."""
    stem, dot, suffix = re.split(r"[/\\]", name)[-1].rpartition(".")
    return f".{suffix.strip().lower()}" if dot and stem else ""


def _shortened(part: str) -> str:
    if len(part) <= MAX_NAME:
        return part
    suffix = suffix_of(part)
    suffix = suffix if len(suffix) <= 12 else ""
    return part[: MAX_NAME - len(suffix) - 1] + "…" + suffix


def valid_text(text: str) -> tuple[str, int]:
    """`text` with every NUL and lone surrogate replaced one for one by U+FFFD, and how many there were."""
    if "\0" not in text:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            pass
        else:
            return text, 0
    return _INVALID.subn("\ufffd", text)


def is_blank(text: str) -> bool:
    """Whether nothing in `text` would be seen: only white space, controls and zero-width characters."""
    return not any(unicodedata.category(c)[0] not in "ZC" and c not in _BLANK_LETTERS for c in text)


def one_line(text: str) -> str:
    """`text` with every run of white space made one blank."""
    return " ".join(text.split())


class TextBuilder:
    """A text that grows piece by piece; each piece is made valid first, so that its offsets are final."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0
        self.replaced = 0

    def add(self, piece: str, separator: str = "\n\n") -> tuple[int, int]:
        """Append `piece`, parted by `separator` from what is there already; the piece's start and end.

        Raises LoadError when the text grows beyond the limit.
        """
        piece, replaced = valid_text(piece)
        self.replaced += replaced
        if self.length and separator:
            self._parts.append(separator)
            self.length += len(separator)
        start = self.length
        self._parts.append(piece)
        self.length += len(piece)
        check_length(self.length)
        return start, self.length

    @property
    def text(self) -> str:
        """Everything added so far."""
        return "".join(self._parts)


def check_length(characters: int) -> None:
    """Raises LoadError when a text of so many characters is too long."""
    if characters > MAX_CHARACTERS:
        raise LoadError(
            f"it holds {characters:,} characters of text or more; at most {MAX_CHARACTERS:,} are read. "
            "Split it into smaller files."
        )


def make_document(
    name: str,
    data: bytes,
    text: str,
    media_type: str,
    metadata: Mapping[str, Any],
    notes: Sequence[str] = (),
    replaced: int = 0,
) -> Document:
    """The Document of a file; `replaced` counts characters that were made valid before.

    Raises LoadError when there is no text in it or too much.
    """
    check_length(len(text))
    text, more = valid_text(text)
    if is_blank(text):
        raise LoadError("there is no text in it.")
    if replaced + more:
        notes = [*notes, f"{count(replaced + more, 'character')} that no text may hold (NUL, half a pair) became �"]
    valid = {key: _valid(value) for key, value in metadata.items()}
    return Document(content_id(data), clean_name(name), text, media_type, len(data), valid, tuple(notes))


def _valid(value: Any) -> Any:
    if isinstance(value, str):
        return valid_text(value)[0]
    return [_valid(item) for item in value] if isinstance(value, list) else value


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 row", "2,000 rows"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Sequence[object], limit: int = 8) -> str:
    """The first `limit` items in words: "3, 7 and 9", "3, 7 and 40 more"."""
    shown = [str(item) for item in items]
    if len(shown) > limit:
        shown = [*shown[:limit], f"{len(shown) - limit:,} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


@contextmanager
def needing(*packages: str) -> Iterator[None]:
    """Makes a failed import of a parser a LoadError that names the line which installs it."""
    try:
        yield
    except ImportError as error:
        names = " ".join(packages)
        raise LoadError(f"reading it needs {names}, not installed here. Install it: pip install {names}") from error


@contextmanager
def parsing(kind: str, *errors: type[Exception]) -> Iterator[None]:
    """Makes whatever a parser raises on damaged input a LoadError; `errors` are the library's own bases."""
    try:
        yield
    except LoadError:
        raise
    except RecursionError as error:
        raise LoadError(f"it is nested too deep to be read as {kind}.") from error
    except MemoryError as error:
        raise LoadError("there is not enough memory to read it. Split it into smaller files.") from error
    except (*_DAMAGE, *errors) as error:
        detail = one_line(str(error))[:120]
        cause = f"{type(error).__name__}: {detail}" if detail else type(error).__name__
        raise LoadError(
            f"it cannot be read as {kind}; it is probably damaged ({cause}). "
            "Open it in its own program, save it again and drop that."
        ) from error
