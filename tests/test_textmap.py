"""Text maps: counts agree with the tokenizer, breaks stand where a reader would put them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.embedding.hashing import WordTokenizer
from rag_core.sentences import ends_sentence
from rag_core.textmap import TextMapper
from rag_core.types import BREAK_INNER, BREAK_LINE, BREAK_PARAGRAPH, BREAK_SENTENCE, BREAK_WORD


def pieces(text, tokenizer=None):
    text_map = TextMapper(tokenizer or WordTokenizer()).map(text)
    return [text[a:b] for a, b in zip(text_map.starts, text_map.ends, strict=True)], text_map.breaks.tolist()


def test_empty_and_blank_texts_have_no_pieces():
    for text in ("", " \n\t\u3000"):
        text_map = TextMapper(WordTokenizer()).map(text)
        assert len(text_map.starts) == 0
        assert text_map.tokens.tolist() == [0]
        assert text_map.total == text_map.sentences == 0


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("One two", [BREAK_WORD, BREAK_PARAGRAPH]),
        ("One. Two", [BREAK_SENTENCE, BREAK_PARAGRAPH]),
        ("One. two", [BREAK_WORD, BREAK_PARAGRAPH]),
        ("One\nTwo", [BREAK_LINE, BREAK_PARAGRAPH]),
        ("One\r\nTwo", [BREAK_LINE, BREAK_PARAGRAPH]),
        ("One\rTwo", [BREAK_LINE, BREAK_PARAGRAPH]),
        ("One\r\rTwo", [BREAK_PARAGRAPH, BREAK_PARAGRAPH]),
        ("One\n \nTwo", [BREAK_PARAGRAPH, BREAK_PARAGRAPH]),
        ("One\u2029Two", [BREAK_PARAGRAPH, BREAK_PARAGRAPH]),
        ("One\fTwo", [BREAK_PARAGRAPH]),
        ("확인합니다. 다음", [BREAK_SENTENCE, BREAK_PARAGRAPH]),
        ("확인합니다 다음", [BREAK_SENTENCE, BREAK_PARAGRAPH]),
        ("중요 사항", [BREAK_WORD, BREAK_PARAGRAPH]),
    ],
)
def test_breaks(text, breaks):
    assert pieces(text)[1] == breaks


@pytest.mark.parametrize(
    ("word", "ends"),
    [
        ("wall.", True),
        ('wall."', True),
        ("wall?)", True),
        ("Dr.", False),
        ("e.g.", False),
        ("U.S.", False),
        ("3.14", False),
        ("1.", False),
        ("1999.", True),
        ("etc.", False),
        ("끕니다.", True),
        ("하세요", True),
        ("필요", False),
        ("好。", True),
        ("好。」", True),
    ],
)
def test_sentence_ends(word, ends):
    assert ends_sentence(word) is ends


def test_chinese_is_divided_at_sentences_and_characters(minilm_tokenizer):
    words, breaks = pieces("安装前请检查墙壁。然后打开电源。", minilm_tokenizer)
    assert "".join(words) == "安装前请检查墙壁。然后打开电源。"
    assert breaks[words.index("。")] == BREAK_SENTENCE
    assert breaks[0] == BREAK_WORD


def test_a_long_word_is_divided_between_graphemes(minilm_tokenizer):
    word = "설치하십시오그리고확인하십시오"
    words, breaks = pieces(word, minilm_tokenizer)
    assert words == list(word)
    assert set(breaks[:-1]) == {BREAK_INNER}


def test_a_short_word_stays_whole(minilm_tokenizer):
    assert pieces("fireplace 벽난로", minilm_tokenizer)[0] == ["fireplace", "벽난로"]


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200) | st.text(
    alphabet="ab .,!?\n\r\t가나다습니다요한자漢字。！？👨‍👩‍👧🇰🇷é\u0301\u200b\u00a0-_/", max_size=200
)


@given(TEXTS)
def test_pieces_cover_every_solid_character_and_counts_add_up(minilm_tokenizer, text):
    text_map = TextMapper(minilm_tokenizer).map(text)
    covered = np.zeros(len(text), bool)
    for start, end in zip(text_map.starts, text_map.ends, strict=True):
        assert start < end
        covered[start:end] = True
    assert [c for c, inside in zip(text, covered, strict=True) if not inside and not c.isspace()] == []
    assert (np.diff(text_map.tokens) >= 0).all()
    assert text_map.total == minilm_tokenizer.count([text])[0]


@given(TEXTS)
def test_a_known_word_maps_as_it_did_the_first_time(text):
    mapper = TextMapper(WordTokenizer())
    first, second = mapper.map(text), mapper.map(text)
    assert first.starts.tolist() == second.starts.tolist()
    assert first.tokens.tolist() == second.tokens.tolist()
    assert first.breaks.tolist() == second.breaks.tolist()
