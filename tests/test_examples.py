"""The sample content: complete, clean text, and questions whose answers lie where they say."""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CATALOGUE = sorted((EXAMPLES / "furniture").iterdir())
DOCUMENTS = sorted((EXAMPLES / "documents").iterdir())
HANGUL = re.compile("[가-힣]")
SENTENCE_END = re.compile(r"[.?!][”’]?(?=\s|$)")
BEGINNING = re.compile(r"(?:^|\n|[.?!][”’]? |\n- (?:[^:\n]+: )?)$")


def read(path: Path) -> str:
    """Read a file's text with its newlines as they are, the text that offsets count in."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def questions(name: str) -> list[dict[str, Any]]:
    """Read one file of questions, a JSON object a line."""
    return [json.loads(line) for line in read(EXAMPLES / name).splitlines()]


def sentences(text: str) -> int:
    """Count the sentence ends of running text: headings and table rows are no sentences."""
    prose = (line for line in text.splitlines() if not line.startswith(("#", "|")))
    return sum(len(SENTENCE_END.findall(line)) for line in prose)


QUESTIONS = questions("questions.jsonl")
KOREAN = questions("questions-ko.jsonl")
TEXTS = {path.name: read(path) for path in (*CATALOGUE, *DOCUMENTS)}


def test_catalogue_has_enough_products_named_by_sku() -> None:
    assert len(CATALOGUE) >= 105
    assert [path.name for path in CATALOGUE if not re.fullmatch(r"[A-Z]{3}-\d{4}\.txt", path.name)] == []


def test_catalogue_texts_are_short_and_complete() -> None:
    for path in CATALOGUE:
        text = TEXTS[path.name]
        assert 40 <= len(text.split()) <= 140, path.name
        assert re.search(r"\$\d", text), f"{path.name} names no price"
        assert re.search(r'\d"', text), f"{path.name} gives no size in inches"


def test_catalogue_texts_are_unique() -> None:
    assert len({TEXTS[path.name] for path in CATALOGUE}) == len(CATALOGUE)


def test_products_named_in_texts_exist() -> None:
    named = {sku for text in TEXTS.values() for sku in re.findall(r"(?<![A-Z])[A-Z]{3}-\d{4}(?!\d)", text)}
    assert named - {path.stem for path in CATALOGUE} == set()


def test_json_holds_the_same_texts_as_the_folder() -> None:
    catalogue = json.loads((EXAMPLES / "furniture.json").read_text(encoding="utf-8"))
    assert catalogue == {path.stem: TEXTS[path.name] for path in CATALOGUE}


def test_the_fireplace_states_its_facts() -> None:
    text = TEXTS["ENT-4001.txt"]
    assert "Wall-mounted electric fireplace with realistic LED flames" in text
    assert "Hearth & Home" in text
    assert '50"W x 6"D x 21"H' in text


def test_only_the_fireplace_is_made_by_hearth_and_home() -> None:
    assert [path.name for path in CATALOGUE if "Hearth & Home" in TEXTS[path.name]] == ["ENT-4001.txt"]


def test_documents_are_long_and_in_two_languages() -> None:
    english, korean = (TEXTS[name] for name in ("showroom-handbook.md", "전기벽난로_설치안내.md"))
    assert len(english) >= 9_000 and not HANGUL.search(english)
    assert len(korean) >= 5_000 and len(HANGUL.findall(korean)) > len(korean) / 2
    for text in (english, korean):
        assert text.startswith("# ") and text.count("\n## ") >= 5


def test_korean_documents_hold_enough_sentences_to_choose_from() -> None:
    korean = {path.name: TEXTS[path.name] for path in DOCUMENTS if HANGUL.search(path.stem)}
    assert len(korean) >= 4
    assert sum(sentences(text) for text in korean.values()) >= 340
    for name, text in korean.items():
        assert sentences(text) >= 80, name
        assert text.startswith("# ") and text.count("\n## ") >= 5, name
        assert len(HANGUL.findall(text)) > len(text) / 2, name


def test_korean_documents_repeat_no_sentence() -> None:
    lines = [
        line
        for path in DOCUMENTS
        if HANGUL.search(path.stem)
        for line in re.split(r"(?<=[.?!])\s+|\n", TEXTS[path.name])
        if len(line) > 15
    ]
    assert sorted(line for line in set(lines) if lines.count(line) > 1) == []


@pytest.mark.parametrize(
    "path", sorted(path for path in EXAMPLES.rglob("*") if path.is_file()), ids=lambda path: str(path.name)
)
def test_files_are_plain_utf8(path: Path) -> None:
    data = path.read_bytes()
    text = data.decode("utf-8")
    assert not text.startswith("\ufeff"), "a byte order mark would shift every offset by one"
    assert "\r" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert unicodedata.is_normalized("NFC", text)


def test_there_are_enough_questions_in_both_languages() -> None:
    korean = [row for row in QUESTIONS if HANGUL.search(row["question"])]
    assert len(QUESTIONS) >= 30
    assert len(korean) >= 8 and len(QUESTIONS) - len(korean) >= 20
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)


def test_korean_questions_cover_every_korean_document() -> None:
    asked = Counter(row["document"] for row in KOREAN)
    assert len(KOREAN) >= 48
    assert set(asked) == {path.name for path in DOCUMENTS if HANGUL.search(path.stem)}
    assert min(asked.values()) >= 10
    assert [row["question"] for row in KOREAN if not HANGUL.search(row["question"])] == []


def test_no_question_is_asked_twice() -> None:
    asked = [row["question"] for row in (*QUESTIONS, *KOREAN)]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("row", KOREAN, ids=lambda row: str(row["document"]))
def test_korean_references_are_one_or_two_whole_sentences(row: dict[str, Any]) -> None:
    text = TEXTS[row["document"]]
    for reference in row["references"]:
        excerpt = text[reference["start"] : reference["end"]]
        assert BEGINNING.search(text[: reference["start"]]), f"{excerpt!r} begins inside a sentence"
        if excerpt.startswith("|"):
            assert excerpt.endswith("|") and "\n" not in excerpt
        else:
            assert 1 <= sentences(excerpt) <= 2 and SENTENCE_END.search(excerpt[-2:]), excerpt


def test_the_first_question_is_about_the_fireplace() -> None:
    assert QUESTIONS[0]["document"] == "ENT-4001.txt"


@pytest.mark.parametrize("row", [*QUESTIONS, *KOREAN], ids=lambda row: str(row["document"]))
def test_references_lie_inside_their_document(row: dict[str, Any]) -> None:
    assert set(row) == {"question", "document", "references"}
    text = TEXTS[row["document"]]
    assert row["references"]
    for reference in row["references"]:
        start, end = reference["start"], reference["end"]
        assert 0 <= start < end <= len(text)
        excerpt = text[start:end]
        assert excerpt == excerpt.strip() != ""
        assert not (start and text[start - 1].isalnum()), f"{excerpt!r} begins inside a word"


def test_the_first_reference_is_the_fireplace_sentence() -> None:
    row = QUESTIONS[0]
    excerpts = [TEXTS[row["document"]][part["start"] : part["end"]] for part in row["references"]]
    assert excerpts == [
        "Wall-mounted electric fireplace with realistic LED flames and two heat settings.",
        "Manufactured by Hearth & Home.",
    ]
