"""One suite over every loader of the table."""

import io
import json
import random

import docx
import openpyxl
import pytest
from fpdf import FPDF

from rag_core.errors import LoadError
from rag_core.loading import LOADERS, content_id
from rag_core.protocols import Loader


def _pdf() -> bytes:
    made = FPDF()
    for text in ("Wall fireplace.", "Floor lamp."):
        made.add_page()
        made.set_font("Helvetica", size=12)
        made.multi_cell(0, 8, text)
    return bytes(made.output())


def _docx() -> bytes:
    made, out = docx.Document(), io.BytesIO()
    made.add_heading("Fireplace", 1)
    made.add_paragraph("On the wall.")
    made.save(out)
    return out.getvalue()


def _xlsx() -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["sku", "name"], ["ENT-4001", "Fireplace"]):
        made.active.append(row)
    made.save(out)
    return out.getvalue()


SAMPLES = {
    ".md": b"# Fireplace\n\nOn the wall.\n",
    ".json": b'{"ENT-4001": {"name": "Fireplace", "sizes": [50, 60]}}',
    ".jsonl": b'{"name": "Fireplace"}\n{"name": "Lamp"}\n',
    ".csv": b'sku,name\nENT-4001,"Fire, place"\n',
    ".tsv": b"sku\tname\nENT-4001\tFireplace\n",
    ".html": b"<h1>Fireplace</h1><ul><li>On the wall<li>50 wide</ul><table><tr><th>a<th>b<tr><td>1<td>2</table>",
    ".pdf": _pdf(),
    ".docx": _docx(),
    ".xlsx": _xlsx(),
    ".eml": b"Subject: Fireplace\nFrom: a@b.c\nContent-Type: text/html; charset=euc-kr\n\n<p>On the wall</p>",
}
SAMPLES |= {".markdown": SAMPLES[".md"], ".htm": SAMPLES[".html"]}
SAMPLES |= {suffix: "전기 벽난로.\r\nOn the wall.".encode() for suffix in (".txt", ".text", ".log", ".rst")}

every_loader = pytest.mark.parametrize("suffix", sorted(LOADERS))


def test_every_loader_has_a_sample():
    assert set(SAMPLES) == set(LOADERS)


@every_loader
def test_a_loader_is_pure_and_gives_a_whole_document(suffix):
    loader, data = LOADERS[suffix], SAMPLES[suffix]
    assert isinstance(loader, Loader)
    document = loader.load(f"sub/a{suffix}", data)
    assert document == loader.load(f"sub/a{suffix}", data)
    assert document.id == content_id(data)
    assert document.name == f"sub/a{suffix}"
    assert document.size == len(data)
    assert "/" in document.media_type
    assert document.text.strip()


@every_loader
def test_metadata_is_json_and_its_offsets_lie_in_the_text(suffix):
    document = LOADERS[suffix].load(f"a{suffix}", SAMPLES[suffix])
    assert json.loads(json.dumps(dict(document.metadata))) == document.metadata
    for _, start, end in document.metadata.get("headings", []):
        assert document.text[start:end].strip()
    for start in document.metadata.get("pages", []):
        assert 0 <= start <= len(document.text)


@every_loader
@pytest.mark.parametrize("data", [b"", b" \n", b"\0" * 64, b"\x89PNG\r\n\x1a\n\0\0"], ids=repr)
def test_what_has_no_text_is_a_load_error_in_words(suffix, data):
    with pytest.raises(LoadError) as caught:
        LOADERS[suffix].load(f"a{suffix}", data)
    assert str(caught.value)[0].islower()
    assert str(caught.value).endswith(".")


@every_loader
def test_damaged_files_give_a_document_or_a_load_error(suffix):
    random_source = random.Random(suffix)
    sample = SAMPLES[suffix]
    for _ in range(30):
        data = bytearray(sample[: random_source.randrange(1, len(sample) + 1)])
        for _ in range(random_source.randrange(8)):
            data[random_source.randrange(len(data))] = random_source.randrange(256)
        try:
            document = LOADERS[suffix].load(f"a{suffix}", bytes(data))
        except LoadError as error:
            assert str(error)
        else:
            document.text.encode("utf-8")
            assert "\0" not in document.text
