"""Tells what a file really is from its first bytes, whatever its name says.

Knows nothing of how a format is parsed.
"""

from ..errors import LoadError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf1", "a Rich Text (RTF) file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive (Word, Excel and others are zip archives too)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (_OLE, "an old Office file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"RIFF", "a sound, film or picture"),
    (b"OggS", "a sound file"),
    (b"ID3", "a sound file"),
    (b"GGUF", "a language model"),
)
# These two are told from text by their mark alone; the other printable marks may open a text as well.
_ALWAYS = (b"%PDF-", b"{\\rtf1")


def kind_of(data: bytes) -> str:
    """What the bytes are, with an article ("a PNG picture"); "" when nothing known."""
    for mark, kind in _KINDS:
        if data.startswith(mark):
            printable = all(32 <= byte < 127 for byte in mark)
            return kind if mark in _ALWAYS or not printable or b"\0" in data[:4096] else ""
    if data[4:8] == b"ftyp":
        return "a film or picture"
    if data[:1024].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    return ""


def refuse_office_container(data: bytes) -> None:
    """Raises LoadError for the container of old Office files, in which locked new ones are kept as well."""
    if not data.startswith(_OLE):
        return
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise LoadError("it is locked with a password. Save a copy without one and drop that.")
    raise LoadError("it is an old Word or Excel file (.doc, .xls) inside. Save it as .docx or .xlsx and drop that.")
