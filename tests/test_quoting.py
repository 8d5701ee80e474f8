from hypothesis import given
from hypothesis import strategies as st

from rag_core.llms.quoting import quote, split_sentences, terms
from rag_core.types import Hit

ENGLISH = "Dr. Ash drew it. The desk is 30 cm high! It costs $9.99, bolts included."
KOREAN = "첫 문장입니다. 전기 벽난로는 벽에 겁니다. 리모컨으로 끕니다"


def hit(text: str, rank: int = 1, start: int = 0, name: str = "a.txt") -> Hit:
    return Hit(rank, 1 / rank, name, name, start, start + len(text), 9, text, 1 / rank)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def test_abbreviations_and_decimals_do_not_end_a_sentence():
    assert sentences(ENGLISH) == ["Dr. Ash drew it.", "The desk is 30 cm high!", "It costs $9.99, bolts included."]


def test_korean_and_scripts_without_spaces_are_split():
    assert sentences(KOREAN) == ["첫 문장입니다.", "전기 벽난로는 벽에 겁니다.", "리모컨으로 끕니다"]
    assert sentences("我们去。然后「回家！」好") == ["我们去。", "然后「回家！」", "好"]


def test_a_line_ends_a_sentence():
    assert sentences("Maker: Hearth & Home\r\n\r\n  Price: $399  \n") == ["Maker: Hearth & Home", "Price: $399"]


@given(st.text(alphabet="ab .!?。\n\r 가요다니…\"')1", max_size=80))
def test_sentences_keep_order_and_lose_only_white_space(text):
    spans = list(split_sentences(text))
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


def test_the_best_sentence_is_quoted_word_for_word_with_its_place_in_the_document():
    text, citations = quote("How high is the desk?", [hit("Nothing here at all."), hit(ENGLISH, 2, start=100)])
    assert text == "The desk is 30 cm high! [2]"
    assert [(c.passage, c.start - 100, c.end - 100) for c in citations] == [(2, 17, 40)]
    assert citations[0].text == ENGLISH[17:40] == "The desk is 30 cm high!"


def test_korean_words_match_with_other_endings():
    assert quote("벽난로를 어떻게 거나요?", [hit(KOREAN)])[0] == "전기 벽난로는 벽에 겁니다. [1]"
    assert terms("벽난로는") == ["벽난", "난로", "로는"]


def test_rare_words_count_more_than_common_ones():
    passage = "The blue lamp is tall. The blue lamp is light. The blue lamp is dimmable."
    assert quote("Is the blue lamp dimmable?", [hit(passage)], 1)[0] == "The blue lamp is dimmable. [1]"


def test_quotes_come_in_document_order_and_not_more_than_asked():
    passage = "Lamps are warm. A lamp dims. Chairs do not. The lamp dims slowly."
    text, citations = quote("How does the lamp dim?", [hit(passage)], 2)
    assert text == "A lamp dims. [1]\n\nThe lamp dims slowly. [1]"
    assert [c.start for c in citations] == sorted(c.start for c in citations)


def test_the_earlier_passage_wins_a_tie_and_a_text_is_quoted_once():
    passages = [hit("The oak bed.", 1, name="a"), hit("The oak bed.", 2, name="b")]
    text, citations = quote("oak bed", passages)
    assert text == "The oak bed. [1]"
    assert [c.document for c in citations] == ["a"]


def test_without_a_word_in_common_the_best_passage_speaks():
    assert quote("Qwerty?", [hit(ENGLISH), hit(KOREAN, 2)])[0] == "Dr. Ash drew it. [1]"


def test_without_passages_there_is_nothing_to_quote():
    assert quote("Anything?", []) == ("", ())
    assert quote("Anything?", [hit(" \n ")]) == ("", ())
