"""Plain text and Markdown: the decoding chain, offsets that stay true, headings."""

import pytest

from rag_core.errors import LoadError
from rag_core.loading import load_bytes
from rag_core.loading.decoding import decode

KOREAN = "이 제품은 벽걸이 전기 벽난로입니다. 리모컨으로 온도를 조절합니다."


def reason(name: str, data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load_bytes(name, data)
    return str(caught.value)


@pytest.mark.parametrize("text", ["one\r\ntwo\rthree\nfour\n\n", KOREAN, "🔥 e\u0301 tab\tand\fpage \x1b[0m"])
def test_utf8_text_is_the_file_without_newline_translation(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    with open(path, newline="", encoding="utf-8") as file:
        expected = file.read()
    document = load_bytes("a.txt", path.read_bytes())
    assert document.text == expected == text
    assert document.notes == ()
    assert document.metadata == {"encoding": "utf-8"}
    assert document.size == len(text.encode())


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8-sig", "decoded as UTF-8, byte order mark removed"),
        ("utf-16", "decoded as UTF-16 LE, byte order mark removed"),
        ("utf-32", "decoded as UTF-32 LE, byte order mark removed"),
        ("utf-16-le", "decoded as UTF-16 LE"),
        ("utf-16-be", "decoded as UTF-16 BE"),
        ("cp949", "decoded as CP949"),
        ("euc-kr", "decoded as CP949"),
    ],
)
def test_korean_is_decoded_and_the_encoding_said(encoding, note):
    document = load_bytes("a.txt", KOREAN.encode(encoding))
    assert document.text == KOREAN
    assert document.notes == (note,)


@pytest.mark.parametrize(
    "text",
    ["벽걸이 난로", "전기", "똠방각하 펲시콜라 이야기", "大韓民國의 主權은 國民에게 있다", "가격: 12,000원 (VAT 포함)"],
)
def test_short_korean_texts_in_cp949_are_not_left_to_a_detector(text):
    assert decode(text.encode("cp949")).text == text


def test_english_utf16_without_a_mark():
    assert decode("A fireplace for the wall.".encode("utf-16-le")).text == "A fireplace for the wall."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("It’s a fireplace. Don’t touch it, that’s all, isn’t it", "cp1252"),
        ("Le café est fermé. Déjà vu à l'hôtel où l'été", "cp1252"),
        ("Die Größe beträgt fünf Äpfel über Öl", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Это обычный русский текст для проверки кодировки.", "cp1251"),
        ("这是一个中文文本，用于测试编码检测。我们的产品质量很好。", "gb18030"),
        ("これは日本語の文章です。テストのために書かれました。", "cp932"),
    ],
)
def test_other_encodings_are_guessed_and_the_guess_is_said(text, encoding):
    found = decode(text.encode(encoding))
    assert found.text == text
    assert found.notes == (f"decoded as {encoding.upper()}, a guess: look at a few words",)


def test_a_hint_is_believed_where_the_bytes_agree():
    assert decode("これは".encode("iso2022_jp"), "iso-2022-jp").text == "これは"
    assert decode("ÄÖ".encode("latin-1"), "iso-8859-1").text == "ÄÖ"
    assert decode(KOREAN.encode(), "iso-8859-1").text == KOREAN
    assert decode(KOREAN.encode("cp949"), "utf-8").text == KOREAN
    assert decode(b"plain", "no-such-codec").text == decode(b"plain", "base64").text == "plain"


def test_a_file_cut_off_inside_a_letter_is_still_utf8():
    found = decode(KOREAN.encode()[:-3])
    assert found.text == KOREAN[:-2] + "\ufffd"
    assert found.notes == (f"decoded as UTF-8; 1 bad place became �, the first at byte {len(KOREAN[:-2].encode())}",)


def test_a_few_nuls_are_replaced_one_for_one_and_counted():
    document = load_bytes("a.txt", b"name\0" + b"a long line of text " * 5)
    assert document.text[:6] == "name\ufffda"
    assert document.notes == ("1 character that no text may hold (NUL, half a pair) became �",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty."),
        (b" \n\t ", "there is no text in it."),
        (b"\xef\xbb\xbf", "there is no text in it."),
        ("\u200b\ufeff\u3164\n".encode(), "there is no text in it."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is a PNG picture, not text."),
        (b"\x7fELF\x02\x01", "it is a program, not text."),
        (b"GIF89a\0\0", "it is a GIF picture, not text."),
        (b"%PDF-1.7 text", "it is a PDF inside. Rename it to .pdf and drop that."),
        (bytes(range(256)) * 8, "it is binary data, not text: 200 of its 2,048 bytes are control characters."),
    ],
)
def test_what_is_not_text_is_refused_in_words(data, words):
    assert reason("a.txt", data) == words


def test_words_that_look_like_a_mark_of_a_binary_format_are_text():
    assert load_bytes("a.txt", b"GIF89a is a picture format.").text == "GIF89a is a picture format."


def test_too_much_text_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr("rag_core.loading.common.MAX_CHARACTERS", 10)
    assert reason("a.txt", b"a" * 11).startswith("it holds 11 characters of text or more; at most 10 are read.")


def headings(text: str) -> list[tuple[int, str]]:
    found = load_bytes("a.md", text.encode()).metadata["headings"]
    return [(level, text[start:end]) for level, start, end in found]


def test_markdown_headings_are_the_lines_themselves():
    text = "# One\r\n\r\ntext\r\n\r\nTwo\r\n---\r\n### Three ###\nFour\n====\n"
    assert headings(text) == [(1, "# One"), (2, "Two\r\n---"), (3, "### Three ###"), (1, "Four\n====")]
    assert load_bytes("a.md", text.encode()).media_type == "text/markdown"


@pytest.mark.parametrize(
    "text",
    [
        "```\n# code\n```\n",
        "~~~ python\n# code\n```\n# still code\n~~~~\n",
        "    # indented code\n",
        "#no-blank\n",
        "####### seven\n",
        "- item\n---\n",
        "> quote\n---\n",
        "text\n\n---\n",
        "---\ntitle: front matter\n---\ntext\n",
        "```\n# never closed",
        "- item\nof two lines\n---\n",
        "    code\n---\n",
        "````\n# code\n```\n# still code\n````",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text):
    assert headings(text) == []
    assert load_bytes("a.md", text.encode()).text == text


def test_headings_after_code_and_front_matter_are_found():
    assert headings("---\na: b\n---\n# A\n```\n#\n```\n# B\n`` ` # no fence\nC\n==") == [
        (1, "# A"),
        (1, "# B"),
        (1, "`` ` # no fence\nC\n=="),
    ]
    assert headings("``` a` b\n# A\r#\r---\r\rtwo\rlines \r--- \r") == [(1, "# A"), (1, "#"), (2, "two\rlines \r---")]
