"""JSON, JSON lines, CSV and TSV as readable lines."""

import json

import pytest

from rag_core.errors import LoadError
from rag_core.loading import load_bytes
from rag_core.loading.rows import find_header

FIRE = "Wall-mounted electric fireplace with realistic LED flames, 50 inches wide."
LAMP = "Floor lamp with a linen shade and a dimmer; fits behind a sofa or a chair."


def text_of(name: str, value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return load_bytes(name, data).text


def reason(name: str, data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load_bytes(name, data)
    return str(caught.value)


def test_texts_by_key_are_a_paragraph_each():
    assert text_of("a.json", {"ENT-4001": FIRE, "LMP-1": LAMP}) == f"ENT-4001: {FIRE}\n\nLMP-1: {LAMP}"


def test_a_list_of_texts_is_a_paragraph_each():
    assert text_of("a.json", ["하나", "", "둘"]) == "하나\n\n둘"


def test_a_list_of_objects_has_a_line_for_every_key():
    records = [{"sku": "A", "price": 12.50, "new": True, "none": None}, {"sku": "B", "tags": ["x", "y"]}]
    assert text_of("a.json", records) == "sku: A\nprice: 12.5\nnew: true\n\nsku: B\ntags: x, y"


def test_nested_records_say_where_they_stand():
    maker = {"name": "H&H", "city": "Busan"}
    value = {
        "version": 2,
        "by": maker,
        "products": [{"name": "A", "maker": maker}, {"name": "B", "sizes": [{"w": 1}, {"w": 2}]}],
    }
    assert text_of("a.json", value) == (
        "version: 2\nby.name: H&H\nby.city: Busan\n\n"
        "products.1\nname: A\nmaker.name: H&H\nmaker.city: Busan\n\n"
        "products.2\nname: B\nsizes.1.w: 1\nsizes.2.w: 2"
    )


def test_objects_by_key_begin_with_their_key():
    assert text_of("a.json", {"A-1": {"name": "Fire"}, "B-2": {"name": "Lamp"}}) == "A-1\nname: Fire\n\nB-2\nname: Lamp"


def test_a_large_object_inside_a_record_gets_paragraphs_of_its_own():
    value = {"shop": "H&H", "stock": {f"SKU-{i}": {"count": i, "place": "A"} for i in range(30)}}
    paragraphs = text_of("a.json", value).split("\n\n")
    assert paragraphs[0] == "shop: H&H"
    assert paragraphs[4] == "stock.SKU-3\ncount: 3\nplace: A"
    assert len(paragraphs) == 31


def test_numbers_stay_as_they_are_written():
    data = b'{"a": 12.50, "b": 1e999, "c": true, "d": ' + b"9" * 6000 + b"}"
    assert text_of("a.json", data).startswith("a: 12.50\nb: 1e999\nc: true\nd: 999")


def test_repeated_keys_and_nan_are_kept_and_said():
    document = load_bytes("a.json", b'{"a": 1, "a": 2, "b": NaN}')
    assert document.text == "a: 1\na: 2\nb: NaN"
    assert document.notes == (
        'an object has the same key more than once ("a"); every value was kept',
        "NaN in it is not JSON; kept as a word",
    )


def test_half_a_surrogate_pair_becomes_valid_text():
    document = load_bytes("a.json", rb'{"a": "x\ud800y", "b": "\ud83d\udd25"}')
    assert document.text == "a: x\ufffdy\nb: 🔥"
    assert document.notes == ("1 character that no text may hold (NUL, half a pair) became �",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": }', "it is not valid JSON: Expecting value, line 1, column 7."),
        (b"{} x", "it is not valid JSON: Extra data, line 1, column 4."),
        (b"[" * 100_000, "its JSON is nested too deep; at most 200 levels are read."),
        (b"[" * 250 + b"1" + b"]" * 250, "its JSON is nested too deep; at most 200 levels are read."),
        (b"{}", "there is no text in it."),
        (b"  ", "there is no text in it."),
    ],
)
def test_bad_json_is_refused_in_words(data, words):
    assert reason("a.json", data) == words


def test_two_hundred_levels_are_read():
    assert text_of("a.json", b"[" * 200 + b'"deep"' + b"]" * 200) == "deep"


def test_json_lines_under_a_json_name_are_read():
    document = load_bytes("a.json", b'{"a": 1}\n{"a": 2}\n')
    assert document.text == "a: 1\n\na: 2"
    assert document.notes == ("read as JSON lines, one value a line",)


def test_a_bad_line_is_numbered_and_the_others_are_kept():
    document = load_bytes("a.jsonl", '{"a": "하나\u2028둘"}\n\nbad\n"three"\r\n'.encode())
    assert document.text == "a: 하나\u2028둘\n\nthree"
    assert document.notes == ("read 2 of 3 lines; line 3 not valid JSON",)


def test_no_good_line_is_refused():
    assert reason("a.jsonl", b"bad\nworse\n") == "none of its 2 lines is valid JSON; line 1: Expecting value."


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_is_told(delimiter):
    data = f"sku{delimiter}name\nENT-4001{delimiter}Fire\nLMP-1{delimiter}Lamp\n".encode()
    assert text_of("a.csv", data) == "sku: ENT-4001; name: Fire\nsku: LMP-1; name: Lamp"


def test_semicolons_with_decimal_commas_in_cp949():
    document = load_bytes("a.csv", "이름;값\r\n난로;1,5\r\n의자;2,5;더\r\n".encode("cp949"))
    assert document.text == "이름: 난로; 값: 1,5\n이름: 의자; 값: 2,5; 더"
    assert document.notes == ("decoded as CP949",)


def test_tsv_and_the_line_that_names_the_delimiter():
    assert text_of("a.tsv", b"a\tb\n1, 2\t3\n") == "a: 1, 2; b: 3"
    assert text_of("a.csv", b"sep=#\na#b\n1#2\n") == "a: 1; b: 2"


def test_quotes_newlines_and_empty_cells():
    data = b'name,note,size\nA,"two\nlines; ""quoted""",\n,,\nB,,3\n'
    assert text_of("a.csv", data) == 'name: A; note: two lines; "quoted"\nname: B; size: 3'


def test_inches_in_a_cell_are_no_quotes():
    assert text_of("a.csv", b'sku,dims\nE1,50"W x 6"D x 21"H\nE2,none\n').startswith(
        'sku: E1; dims: 50"W x 6"D x 21"H\n'
    )


def test_a_quote_never_closed_does_not_swallow_the_file():
    document = load_bytes("a.csv", b'sku,name\nE1,"open\nE2,next\n')
    assert document.text == 'sku: E1; name: "open\nsku: E2; name: next'
    assert document.notes == ("a quote is opened and never closed; quotes were read as they stand",)


def test_a_huge_field_is_read():
    assert len(text_of("a.csv", b"a,b\n1," + b"x" * 300_000)) == len("a: 1; b: ") + 300_000


def test_rows_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr("rag_core.loading.data.MAX_ROWS", 3)
    document = load_bytes("a.csv", b"a,b\n1,2\n3,4\n5,6\n7,8\n")
    assert document.text == "a: 1; b: 2\na: 3; b: 4"
    assert document.notes == ("read 3 of 5 rows; split the file to read them all",)


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["sku", "price"], ["A", "1"]], 0),
        ([["Spring prices", ""], ["", ""], ["sku", "price"], ["A", "1"]], 2),
        ([["ENT-1", "Fire"], ["ENT-2", "Lamp"], ["ENT-3", "Chair"]], None),
        ([["A", "1"], ["B", "2"]], None),
        ([["yes", "no"], ["no", "no"]], None),
        ([["name", "name"], ["A", "B"]], None),
        ([["only one"], ["column"]], None),
        ([["sku", "name"]], None),
        ([], None),
    ],
)
def test_a_header_is_told_by_its_looks(rows, header):
    assert find_header(rows) == header
