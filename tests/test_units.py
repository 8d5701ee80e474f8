"""Sentences and units: they cover the text in order, keep to sections and sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.embedding.hashing import WordTokenizer
from rag_core.outline import headings
from rag_core.textmap import TextMapper
from rag_core.units import UNIT_TOKENS, sentences

LINES = st.sampled_from(
    [
        "= Title =",
        "== Part ==",
        "One two three.",
        "Four five? Six!",
        "설치합니다. 확인하십시오.",
        "word " * 200,
        "",
        "漢字。仮名。",
        "- item",
    ]
)


def made(text):
    text_map = TextMapper(WordTokenizer()).map(text, headings(text, {}))
    return text_map, sentences(text, text_map)


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_sentences_and_units_cover_the_text_in_order(text):
    text_map, table = made(text)
    covered = np.zeros(len(text), bool)
    for start, end in zip(table.starts, table.ends, strict=True):
        assert not covered[start:end].any()
        covered[start:end] = True
    assert all(inside or c.isspace() for inside, c in zip(covered, text, strict=True))
    assert (np.diff(table.starts) > 0).all() and (np.diff(table.units) >= 0).all()
    assert table.tokens.sum() == text_map.total
    assert (table.tokens <= UNIT_TOKENS).all()
    for unit in range(len(table.unit_starts)):
        own = table.units == unit
        assert own.any() and len(set(table.sections[own].tolist())) == 1
        assert table.tokens[own].sum() <= UNIT_TOKENS
        assert table.unit_starts[unit] == table.starts[own][0] and table.unit_ends[unit] == table.ends[own][-1]


def test_no_text_no_sentences():
    _, table = made(" \n")
    assert len(table.starts) == len(table.unit_starts) == 0


def test_a_section_begins_at_its_heading_and_a_unit_carries_the_path():
    text = "Before all.\n= Fires =\nWarm text.\n== Care ==\nClean it."
    _, table = made(text)
    assert [text[a:b] for a, b in zip(table.starts, table.ends, strict=True)] == [
        "Before all.",
        "= Fires =",
        "Warm text.",
        "== Care ==",
        "Clean it.",
    ]
    assert table.sections.tolist() == [0, 1, 1, 2, 2]
    assert table.paths == ["", "Fires", "Fires > Care"]
    assert [table.unit_text(text, unit) for unit in range(3)] == [
        "Before all.",
        "Fires\n= Fires =\nWarm text.",
        "Fires > Care\n== Care ==\nClean it.",
    ]


@pytest.mark.parametrize("tokens", [UNIT_TOKENS, UNIT_TOKENS + 1, 5 * UNIT_TOKENS])
def test_an_endless_sentence_is_divided_between_words(tokens):
    _, table = made("word " * tokens)
    assert len(table.starts) == -(-tokens // UNIT_TOKENS)
