"""Bytes to text: mark, UTF-8, UTF-16 told by its NULs, CP949, and a detector only as the last resort.

Asking a detector first is wrong about short Korean texts a third of the time; strict decoders in this order are not.
No newline is translated: offsets into a UTF-8 file stay true. Knows nothing of file formats.
"""

import codecs
import unicodedata
from dataclasses import dataclass

from ..errors import LoadError
from .common import count, needing
from .sniff import kind_of

# UTF-32's little-endian mark begins with UTF-16's: it goes first.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What senders write and what they mean; the right side is a superset of the left.
_MEANT = {
    "euc_kr": "cp949",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}
_WESTERN = frozenset(
    "àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜªº’‘“”„«»–—…•·¿¡€£¢§©®™°±²³×½¼´\xa0\xad"
)
_CONTROLS = bytes(set(range(32)) - set(b"\b\t\n\v\f\r\x1a\x1b")) + b"\x7f"
_SAMPLE = 200_000  # bytes the detector looks at
_TOO_BINARY = 0.05  # share of control characters no text has


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the Python name of its encoding, and what the person should know of it."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, hint: str = "") -> Decoded:
    """The text of `data`; `hint` is the encoding it claims to have, believed where its bytes agree.

    Raises LoadError for binary data and for text of no known encoding.
    """
    found = _by_mark(data) or _stateful(data, hint)
    if found is None:
        _refuse_known_binary(data)
        found = _utf16_without_mark(data)
    if found is None:
        _refuse_controls(data)
        found = _utf8(data) or _damaged_utf8(data) or _hinted(data, hint) or _cp949(data) or _guessed(data)
    if found is None:
        raise LoadError("its text encoding is not known. Save it as UTF-8 and drop that.")
    return found


def _named(encoding: str) -> str:
    return encoding.upper().replace("_", "-").replace("-LE", " LE").replace("-BE", " BE")


def _decoded(data: bytes, encoding: str) -> Decoded | None:
    """Strictly decoded; None when the bytes are not of that encoding."""
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError):
        return None
    return Decoded(text, encoding, () if encoding == "utf-8" else (f"decoded as {_named(encoding)}",))


def _by_mark(data: bytes) -> Decoded | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            note = f"decoded as {_named(encoding)}, byte order mark removed"
            return _lenient(data[len(mark) :], encoding, note)
    return None


def _lenient(data: bytes, encoding: str, note: str) -> Decoded:
    """Decoded with every bad sequence replaced by U+FFFD and counted."""
    try:
        return Decoded(data.decode(encoding), encoding, (note,))
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        bad = max(1, text.count("\ufffd"))
        first = f"{count(bad, 'bad place')} became �, the first at byte {error.start:,}"
        return Decoded(text, encoding, (f"{note}; {first}",))


def _stateful(data: bytes, hint: str) -> Decoded | None:
    """Encodings whose bytes look like another's: only what the file says of itself can tell."""
    meant = _meant(hint)
    return _decoded(data, meant) if meant.startswith(("iso2022", "utf-16", "utf-32", "hz")) else None


def _hinted(data: bytes, hint: str) -> Decoded | None:
    meant = _meant(hint)
    return _decoded(data, meant) if meant and meant != "utf-8" else None


def _meant(hint: str) -> str:
    try:
        known = codecs.lookup(hint.strip().strip("\"'"))
    except (LookupError, ValueError):
        return ""
    # The registry also has codecs that make no text of bytes (base64, rot13), and some that run for long (punycode).
    is_text = getattr(known, "_is_text_encoding", True) and known.name not in {"idna", "punycode", "undefined"}
    return _MEANT.get(known.name, known.name) if is_text else ""


def _refuse_known_binary(data: bytes) -> None:
    kind = kind_of(data)
    if kind == "a PDF":
        raise LoadError("it is a PDF inside. Rename it to .pdf and drop that.")
    if kind and not kind.startswith("a web page"):
        raise LoadError(f"it is {kind}, not text.")


def _refuse_controls(data: bytes) -> None:
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > _TOO_BINARY * len(data):
        raise LoadError(f"it is binary data, not text: {controls:,} of its {len(data):,} bytes are control characters.")


def _utf16_without_mark(data: bytes) -> Decoded | None:
    """ASCII characters and blanks have a NUL in the same half of every pair."""
    if len(data) % 2 or b"\0" not in data:
        return None
    first, second = data[::2].count(0), data[1::2].count(0)
    if min(first, second) * 10 > max(first, second):
        return None
    if _is_utf8(data) and max(first, second) < 0.3 * len(data):
        return None  # a text with a few stray NULs
    found = _decoded(data, "utf-16-le" if second > first else "utf-16-be")
    return found if found and _reads_as_text(found.text[:4000]) else None


def _reads_as_text(sample: str) -> bool:
    odd = sum(unicodedata.category(c) in {"Cc", "Cn", "Co", "Cs"} and c not in "\t\n\v\f\r" for c in sample)
    return odd <= _TOO_BINARY * len(sample)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _utf8(data: bytes) -> Decoded | None:
    return _decoded(data, "utf-8")


def _damaged_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with few bad places, such as a file cut off inside a letter: ten good letters for every bad place."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return _lenient(data, "utf-8", "decoded as UTF-8") if good >= 10 * bad else None


def _cp949(data: bytes) -> Decoded | None:
    """Strict CP949, unless its letters are so rare together that a detector should have a say first."""
    found = _decoded(data, "cp949")
    if found is None or _reads_as_korean(found.text[:_SAMPLE]):
        return found
    other = _guessed(data)
    return other if other and other.encoding not in {"cp949", "johab"} else found


def _reads_as_korean(sample: str) -> bool:
    letters = [c for c in sample if c > "\x7f" and c.isalpha()]
    hangul = [c for c in letters if "가" <= c <= "힣"]
    # The 2,350 syllables of KS X 1001 have a second byte from A1 on; the 8,822 others hardly occur in real text.
    rare = sum(min(c.encode("cp949")) < 0xA1 for c in hangul)
    return len(hangul) >= 0.75 * len(letters) and rare <= 0.3 * len(hangul)


def _guessed(data: bytes) -> Decoded | None:
    if western := _western(data):
        return western
    with needing("charset-normalizer"):
        from charset_normalizer import from_bytes
    sample = data if len(data) <= _SAMPLE else data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]
    best = from_bytes(sample).best()
    if best is None:
        return None
    return _as_guess(data, best.encoding)


def _western(data: bytes) -> Decoded | None:
    """cp1252 where a reader of western Europe would see nothing odd: the detector prefers its neighbours to it."""
    found = _decoded(data, "cp1252")
    foreign = [c for c in found.text[:_SAMPLE] if c > "\x7f"] if found else []
    if found is None or not _WESTERN.issuperset(foreign):
        return None
    letters = sum(c.isalpha() for c in found.text[:_SAMPLE])
    return _as_guess(data, "cp1252") if len(foreign) <= 0.3 * letters else None


def _as_guess(data: bytes, encoding: str) -> Decoded:
    return _lenient(data, encoding, f"decoded as {_named(encoding)}, a guess: look at a few words")
