"""E-mails (.eml): who, when, about what, and the body.

The plain body is preferred to the HTML one; attachments are named, not read; forwarded mails are read in place.
Knows nothing of mailboxes.
"""

import codecs
import email
import email.errors
import email.header
import email.utils
import re
from dataclasses import dataclass, field
from email.message import Message

from ..errors import LoadError
from ..types import Document
from .common import TextBuilder, is_blank, listing, make_document, one_line, parsing
from .decoding import decode
from .html import read_html

MAX_DEPTH = 20
_ENCODED_WORDS = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*")
_SHOWN = ("Subject", "From", "To", "Cc", "Date")


@dataclass(frozen=True, slots=True)
class MailLoader:
    """Metadata: "subject", "sender", "date" (ISO 8601 where it can be read)."""

    def load(self, name: str, data: bytes) -> Document:
        """Raises LoadError when it has no header of a mail or is nested too deep."""
        reader = _MailReader()
        with parsing("an e-mail", email.errors.MessageError):
            message = email.message_from_bytes(data.removeprefix(codecs.BOM_UTF8))
            if not any(message.get(header) for header in ("Subject", "From", "To", "Date", "Received")):
                raise LoadError("it is not an e-mail: it has no Subject, From, To or Date line.")
            reader.message(message, 0)
        metadata = {
            "subject": _header(message, "Subject"),
            "sender": _header(message, "From"),
            "date": _date(_header(message, "Date")),
        }
        builder = reader.builder
        return make_document(name, data, builder.text, "message/rfc822", metadata, reader.all_notes, builder.replaced)


@dataclass(slots=True)
class _MailReader:
    builder: TextBuilder = field(default_factory=TextBuilder)
    attachments: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    too_deep: bool = False

    @property
    def all_notes(self) -> list[str]:
        notes = list(dict.fromkeys(self.notes))
        if self.attachments:
            noun = "attachment" if len(self.attachments) == 1 else "attachments"
            notes.append(f"left out {len(self.attachments):,} {noun}: {listing(self.attachments)}")
        if self.too_deep:
            notes.append(f"left out parts nested more than {MAX_DEPTH} deep")
        return notes

    def message(self, message: Message, depth: int) -> None:
        lines = [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]
        if lines:
            self.builder.add("\n".join(lines))
        self._part(message, depth)

    def _part(self, part: Message, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.too_deep = True
        elif part.is_multipart():
            self._container(part, depth)
        elif _is_attachment(part):
            self.attachments.append(_file_name(part))
        elif text := self._body(part):
            self.builder.add(text)

    def _container(self, part: Message, depth: int) -> None:
        if part.get_content_type() == "multipart/alternative":
            self._best(_parts(part), depth)
            return
        read = self.message if part.get_content_type() == "message/rfc822" else self._part
        for inner in _parts(part):
            read(inner, depth + 1)

    def _best(self, choices: list[Message], depth: int) -> None:
        """One of several forms of the same body: the plain one if it says anything."""
        plain = [part for part in choices if part.get_content_type() == "text/plain"]
        for part in (*plain, *reversed(choices)):
            before = self.builder.length
            self._part(part, depth + 1)
            if self.builder.length > before:
                return

    def _body(self, part: Message) -> str:
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if not data.strip():
            return ""
        try:
            found = decode(data, _charset(part))
        except LoadError as error:
            self.notes.append(f"left out a part of the body: {error}")
            return ""
        self.notes += [note for note in found.notes if "guess" in note or "bad place" in note]
        text = found.text
        if part.get_content_type() == "text/html":
            text = read_html(text).text
        return "" if is_blank(text) else "\n".join(text.splitlines()).strip("\n")


def _parts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def _is_attachment(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
        return True
    return part.get_content_subtype() not in {"plain", "html"} and part.get_filename() is not None


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError):
        name = None
    return one_line(_unfolded(name)) if name else f"a part of type {part.get_content_type()}"


def _charset(part: Message) -> str:
    try:
        return str(part.get_param("charset", "") or "")
    except (ValueError, LookupError, TypeError):
        return ""


def _header(message: Message, name: str) -> str:
    """A header in words: encoded words and raw 8-bit bytes decoded, on one line."""
    # Message.get would replace raw bytes, which older Korean mailers write.
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return one_line(_unfolded(raw))


def _unfolded(value: str) -> str:
    """Raw bytes come as lone surrogates; runs of encoded words are decoded together, as one letter may span two."""
    if not value.isascii():
        try:
            value = _decoded(value.encode("ascii", "surrogateescape"), "")
        except UnicodeEncodeError:
            return value
    return _ENCODED_WORDS.sub(_decoded_words, value)


def _decoded_words(run: re.Match[str]) -> str:
    try:
        pieces = email.header.decode_header(run.group())
    except (email.errors.HeaderParseError, ValueError):
        return run.group()
    return "".join(piece if isinstance(piece, str) else _decoded(piece, charset or "") for piece, charset in pieces)


def _decoded(data: bytes, charset: str) -> str:
    try:
        return decode(data, charset).text
    except LoadError:
        return data.decode("utf-8", "replace")


def _date(value: str) -> str:
    try:
        return email.utils.parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return value
