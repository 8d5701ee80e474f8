"""PDF: page offsets, notes on pages without text, locked and damaged files."""

import io
import logging

import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from rag_core.errors import LoadError
from rag_core.loading import load_bytes


def pdf(*pages: str, bookmarks: bool = False) -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=12)
    for number, text in enumerate(pages, 1):
        made.add_page()
        if bookmarks:
            made.start_section(f"Part {number}", level=0)
        if text:
            made.multi_cell(0, 8, text)
    return bytes(made.output())


def locked(data: bytes, user: str, owner: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password=user, owner_password=owner, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def reason(data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load_bytes("a.pdf", data)
    return str(caught.value)


def test_page_offsets_slice_to_the_pages():
    document = load_bytes("a.pdf", pdf("First page.", "Second page.", "Third page."))
    starts = document.metadata["pages"]
    ends = [*starts[1:], len(document.text)]
    assert [document.text[a:b].strip() for a, b in zip(starts, ends, strict=True)] == [
        "First page.",
        "Second page.",
        "Third page.",
    ]
    assert document.text == "First page.\n\nSecond page.\n\nThird page."
    assert document.media_type == "application/pdf"
    assert document.notes == ()


def test_bookmarks_are_the_outline():
    document = load_bytes("a.pdf", pdf("One", "Two", bookmarks=True))
    assert document.metadata["outline"] == [[1, "Part 1", 0], [1, "Part 2", 1]]


def test_pages_without_text_are_noted():
    document = load_bytes("a.pdf", pdf("One", "", "Three"))
    assert document.notes == ("read 2 of 3 pages; page 2 has no text",)
    assert document.metadata["pages"] == [0, 5, 5]
    document = load_bytes("a.pdf", pdf("One", "", "", ""))
    assert document.notes == ("read 1 of 4 pages; pages 2, 3 and 4 have no text",)
    assert document.metadata["pages"] == [0, 3, 3, 3]


def test_a_page_that_cannot_be_read_is_told_from_an_empty_one(monkeypatch):
    from pypdf import PageObject
    from pypdf.errors import LimitReachedError

    extract = PageObject.extract_text

    def failing(page, *args, **kwargs):
        text = extract(page, *args, **kwargs)
        if "Two" in text:
            raise LimitReachedError("too large")
        return text

    monkeypatch.setattr(PageObject, "extract_text", failing)
    document = load_bytes("a.pdf", pdf("One", "Two", ""))
    assert document.notes == ("read 1 of 3 pages; page 3 has no text; page 2 could not be read",)
    assert reason(pdf("Two")) == "none of its 1 page can be read; it is probably damaged."


def test_scans_need_ocr():
    assert reason(pdf("", "")) == "none of its 2 pages has text; it is probably scanned and needs OCR first."
    assert reason(pdf("")) == "its only page has no text; it is probably scanned and needs OCR first."


def test_only_the_first_pages_of_a_very_long_file_are_read(monkeypatch):
    monkeypatch.setattr("rag_core.loading.pdf.MAX_PAGES", 2)
    document = load_bytes("a.pdf", pdf("One", "Two", "Three"))
    assert document.text == "One\n\nTwo"
    assert document.notes == ("read 2 of 3 pages; split the file to read those after page 2",)


def test_a_password_is_asked_for_in_words():
    assert reason(locked(pdf("Secret"), "pass", "owner")) == (
        "it is locked with a password. Save a copy without one and drop that."
    )


def test_a_file_locked_only_against_changes_is_read():
    assert load_bytes("a.pdf", locked(pdf("Open"), "", "owner")).text == "Open"


def test_what_is_no_pdf_is_named():
    assert reason(b"<!DOCTYPE html><p>x") == "it is not a PDF; it is a web page (HTML) inside."
    assert reason(b"\0\1\2") == "it is not a PDF; it is something else inside."


def test_damaged_files_are_refused_in_words(caplog, capsys):
    whole = pdf("One")
    for broken in (whole[:40], b"%PDF-1.7\n", b"%PDF-1.7\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF"):
        assert reason(broken).startswith("it cannot be read as a PDF; it is probably damaged (")
    assert capsys.readouterr().err == ""


def test_remarks_of_the_parser_reach_a_handler_of_the_program_but_not_the_terminal(capsys):
    load_bytes("a.pdf", pdf("One").replace(b"startxref\n", b"startxref\n1"))
    assert capsys.readouterr().err == ""
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("pypdf").handlers)


def test_filters_the_parser_has_given_up_fail_only_their_page():
    data = pdf("One", "Two").replace(b"/Filter /FlateDecode", b"/Filter /Fl         ", 1)
    assert load_bytes("a.pdf", data).notes == ("read 1 of 2 pages; page 1 could not be read",)


def test_encryption_without_its_package_names_the_line_that_installs_it(monkeypatch):
    from pypdf.errors import DependencyError

    def refuse(stream):
        raise DependencyError("cryptography>=3.1 is required for AES algorithm")

    monkeypatch.setattr("pypdf.PdfReader", refuse)
    assert reason(b"%PDF-1.7") == "reading its encryption needs cryptography. Install it: pip install cryptography"
