"""Word and Excel files, and the guard in front of them."""

import datetime
import io
import re
import zipfile

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag_core.errors import LoadError
from rag_core.loading import load_bytes

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def saved(made: object) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(data: bytes, entry: str, old: bytes, new: bytes) -> bytes:
    """The archive with the pattern `old` replaced in one of its entries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    content, times = re.subn(old, new, entries[entry])
    assert times == 1
    return zipped({**entries, entry: content})


def reason(name: str, data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load_bytes(name, data)
    return str(caught.value)


def test_word_paragraphs_lists_tables_and_headings():
    word = docx.Document()
    word.add_heading("전기 벽난로", 0)
    word.add_heading("Safety", 2)
    word.add_paragraph("First line\nsecond line\twith tab.")
    word.add_paragraph("one", style="List Bullet")
    word.add_paragraph("two", style="List Bullet")
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ["Name", "Price", "Fire", "12"], strict=True):
        cell.text = text
    word.add_paragraph("end")
    document = load_bytes("a.docx", saved(word))
    assert document.text == (
        "전기 벽난로\n\nSafety\n\nFirst line\nsecond line\twith tab.\n\n- one\n- two\n\nName: Fire; Price: 12\n\nend"
    )
    headings = [(level, document.text[a:b]) for level, a, b in document.metadata["headings"]]
    assert headings == [(1, "전기 벽난로"), (2, "Safety")]
    assert document.notes == ()


def test_a_style_based_on_a_heading_is_a_heading():
    word = docx.Document()
    style = word.styles.add_style("Chapter", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = word.styles["Heading 3"]
    word.add_paragraph("Mine", style="Chapter")
    assert load_bytes("a.docx", saved(word)).metadata["headings"] == [[3, 0, 4]]


def test_text_in_content_controls_boxes_and_tracked_changes_is_read():
    word = docx.Document()
    body = word.element.body
    run = "<w:r><w:t>{}</w:t></w:r>"
    body.insert(
        0,
        parse_xml(
            f"<w:p {nsdecls('w')}>{run.format('kept ')}<w:ins>{run.format('inserted')}</w:ins>"
            "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
        ),
    )
    body.insert(
        1, parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p>{run.format('control')}</w:p></w:sdtContent></w:sdt>")
    )
    box = f"<w:txbxContent><w:p>{run.format('boxed')}</w:p></w:txbxContent>"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    body.insert(
        2,
        parse_xml(
            f'<w:p {nsdecls("w")} xmlns:mc="{mc}"><w:r><w:t>around</w:t>'
            f'<mc:AlternateContent><mc:Choice Requires="wps">{box}'
            f"</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        ),
    )
    assert load_bytes("a.docx", saved(word)).text == "kept inserted\n\ncontrol\n\naround\n\nboxed"


def test_headers_and_footers_are_said_to_be_left_out():
    word = docx.Document()
    word.add_paragraph("body")
    word.sections[0].header.paragraphs[0].text = "Company"
    word.sections[0].footer.paragraphs[0].text = "Page"
    document = load_bytes("a.docx", saved(word))
    assert document.text == "body"
    assert document.notes == ("left out footers and headers",)


def workbook() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "가격표"
    sheet.append(["Spring prices"])
    sheet.append([])
    sheet.append(["sku", None, "price", "since", "new"])
    sheet.append(["ENT-4001", None, 12.5, datetime.datetime(2026, 1, 2), True])
    sheet.append(["LMP-1", None, 3.0, datetime.datetime(2026, 1, 2, 8, 30), None])
    book.create_sheet("Empty")
    other = book.create_sheet("Notes")
    other.append(["call the maker"])
    other.sheet_state = "hidden"
    return book


def test_every_sheet_reads_as_lines_under_its_name():
    document = load_bytes("a.xlsx", saved(workbook()))
    assert document.text == (
        "가격표\nSpring prices\n"
        "sku: ENT-4001; price: 12.5; since: 2026-01-02; new: TRUE\n"
        "sku: LMP-1; price: 3; since: 2026-01-02 08:30\n\n"
        "Notes\ncall the maker"
    )
    sheets = document.metadata["sheets"]
    assert [name for name, _ in sheets] == ["가격표", "Notes"]
    assert all(document.text[start:].startswith(name) for name, start in sheets)
    assert [document.text[a:b] for _, a, b in document.metadata["headings"]] == ["가격표", "Notes"]
    assert document.notes == ('sheet "Notes" hidden in Excel, read too',)


def test_rows_beyond_the_size_a_sheet_states_are_read():
    data = changed(saved(workbook()), "xl/worksheets/sheet1.xml", b'<dimension ref="A1:E5"', b'<dimension ref="A1:A1"')
    assert "sku: LMP-1; price: 3" in load_bytes("a.xlsx", data).text


def test_formulas_give_their_stored_value_or_are_counted():
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, "=A2*2"])
    data = saved(book)
    document = load_bytes("a.xlsx", data)
    assert document.text == "Sheet\na: 1"
    assert document.notes == ("left out 1 formula without a stored value; open and save the file in Excel first",)
    document = load_bytes(
        "a.xlsx", changed(data, "xl/worksheets/sheet1.xml", rb"(?<=</f>)(<v ?/>|<v></v>)", b"<v>2</v>")
    )
    assert document.text == "Sheet\na: 1; b: 2"
    assert document.notes == ()


def test_rows_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr("rag_core.loading.office.MAX_ROWS", 2)
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4], [5, 6]):
        book.active.append(row)
    document = load_bytes("a.xlsx", saved(book))
    assert document.text == "Sheet\na: 1; b: 2"
    assert document.notes == ('read 2 of 4 rows of sheet "Sheet"; split it to read them all',)


def test_entity_bombs_are_refused():
    bomb = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
    entries = {"xl/workbook.xml": bomb, "[Content_Types].xml": bomb}
    assert reason("a.xlsx", zipped(entries)).startswith("it cannot be read as an Excel file; it is probably damaged (")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        (
            "a.xlsx",
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "it is locked with a password. Save a copy without one and drop that.",
        ),
        (
            "a.docx",
            OLE,
            "it is an old Word or Excel file (.doc, .xls) inside. Save it as .docx or .xlsx and drop that.",
        ),
        ("a.docx", b"<html>", "it is not a Word file (.docx); it is a web page (HTML) inside."),
        (
            "a.docx",
            zipped({"xl/workbook.xml": b""}),
            "it is not a Word file (.docx): it is a zip archive without word/document.xml.",
        ),
        (
            "a.xlsx",
            zipped({str(i): b"" for i in range(2001)}),
            "it is an archive of 2,001 parts; at most 2,000 are read.",
        ),
    ],
)
def test_what_is_no_office_file_is_told(name, data, words):
    assert reason(name, data) == words


def test_bombs_are_counted_while_they_unpack(monkeypatch):
    bomb = zipped({"word/document.xml": bytes(20 << 20)})
    assert reason("a.docx", bomb).endswith("times its size; more than 200 times is taken for a trap.")
    monkeypatch.setattr("rag_core.loading.archive.MAX_ENTRY", 1 << 20)
    assert reason("a.docx", bomb) == "one of its parts unpacks to over 2 MB; at most 1 MB are read."
    monkeypatch.setattr("rag_core.loading.archive.MAX_ENTRY", 1 << 30)
    monkeypatch.setattr("rag_core.loading.archive.MAX_TOTAL", 3 << 20)
    assert reason("a.docx", bomb) == "it unpacks to over 4 MB; at most 3 MB are read."


def test_a_truncated_archive_is_damaged():
    data = saved(workbook())
    assert reason("a.xlsx", data[: len(data) // 2]).startswith(
        "it cannot be read as an Excel file (.xlsx); it is probably"
    )
