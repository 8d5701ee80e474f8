"""The chunker's invariants, on random and on real text, Korean and emoji included."""

from pathlib import Path

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag_core.chunking import Cutter, cut
from rag_core.embedding.hashing import WordTokenizer
from rag_core.errors import SettingError
from rag_core.settings import ChunkSettings
from rag_core.textmap import TextMapper

EXAMPLES = Path(__file__).parent.parent / "examples" / "documents"
SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "chunking-evaluation"


def chunks_of(text, tokenizer, **knobs):
    return cut(text, TextMapper(tokenizer).map(text), ChunkSettings(**knobs), tokenizer, "doc")


def texts_of(text, tokenizer, **knobs):
    return [text[c.start : c.end] for c in chunks_of(text, tokenizer, **knobs)]


def assert_invariants(text, chunks, tokenizer, size, overlap):
    covered = [False] * len(text)
    for chunk in chunks:
        assert 0 <= chunk.start < chunk.end <= len(text)
        assert text[chunk.start] not in " \n\t\r" and text[chunk.end - 1] not in " \n\t\r"
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    assert all(inside or c.isspace() for inside, c in zip(covered, text, strict=True))
    slices = [text[c.start : c.end] for c in chunks]
    counts = tokenizer.count(slices) if slices else []
    assert [c.tokens for c in chunks] == counts
    for piece, count in zip(slices, counts, strict=True):
        assert count <= size or len(regex.findall(r"\X", piece)) == 1, (piece, count)
    shared = []
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert before.start < after.start and before.end < after.end
        if after.start < before.end:
            assert overlap > 0
            shared.append(text[after.start : before.end])
    assert all(count <= overlap for count in (tokenizer.count(shared) if shared else []))


ALPHABET = "ab Zq.,!?;\n\r\t가나다습니다요 한자漢字かな。！？👨‍👩‍👧🇰🇷é\u0301\u200b\u00a0-_/0123"
TEXTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300),
    st.text(alphabet=ALPHABET, max_size=400),
    st.lists(
        st.sampled_from(
            ["word", "Wort.", "설치합니다.", "https://a.example/b?c=d&e=f#g", "漢字。", "👩🏽‍🚀", "\n", "\n\n"]
        ),
        max_size=80,
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(8, 64), st.data())
@example("ᄀ" * 40, 8, None)
@example("가" * 200, 8, None)
@example("x" * 300, 8, None)
def test_invariants_on_random_text(minilm_tokenizer, text, size, data):
    overlap = data.draw(st.integers(0, size - 1)) if data is not None else size - 1
    chunks = chunks_of(text, minilm_tokenizer, chunk_size=size, chunk_overlap=overlap)
    assert_invariants(text, chunks, minilm_tokenizer, size, overlap)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(8, 64), st.integers(0, 7))
def test_invariants_with_a_tokenizer_that_is_not_additive(text, size, overlap):
    tokenizer = WithSpaces()
    chunks = chunks_of(text, tokenizer, chunk_size=size, chunk_overlap=overlap)
    assert_invariants(text, chunks, tokenizer, size, overlap)


class WithSpaces(WordTokenizer):
    """Counts runs of white space, too, as byte-level tokenizers do with line ends."""

    additive = False

    def count(self, texts):
        return [len(regex.findall(r"\w+|\s{2,}|[^\w\s]", text)) for text in texts]

    def offsets(self, texts):
        return [[m.span() for m in regex.finditer(r"\w+|\s{2,}|[^\w\s]", text)] for text in texts]


@pytest.mark.parametrize("knobs", [(256, 32), (128, 0), (64, 63), (8, 0), (8, 7), (1024, 128)])
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.md")), ids=lambda path: path.stem[:8])
def test_invariants_on_our_documents(minilm_tokenizer, path, knobs):
    text = path.read_bytes().decode("utf-8")
    chunks = chunks_of(text, minilm_tokenizer, chunk_size=knobs[0], chunk_overlap=knobs[1])
    assert_invariants(text, chunks, minilm_tokenizer, *knobs)


@pytest.mark.parametrize("name", ["chatlogs.md", "state_of_the_union.md", "wikitexts.md"])
def test_invariants_on_evaluation_texts(minilm_tokenizer, name):
    if not (SHARED / name).is_file():
        pytest.skip("the evaluation texts are not beside this checkout")
    text = (SHARED / name).read_bytes().decode("utf-8")
    for size, overlap in ((200, 0), (256, 32), (16, 8)):
        chunks = chunks_of(text, minilm_tokenizer, chunk_size=size, chunk_overlap=overlap)
        assert_invariants(text, chunks, minilm_tokenizer, size, overlap)


def test_no_text_no_chunks():
    assert chunks_of(" \n ", WordTokenizer()) == []


def test_ends_prefer_paragraph_then_line_then_sentence_then_word():
    words = WordTokenizer()
    assert texts_of("a b c d e\n\nf g. h", words, chunk_size=8) == ["a b c d e", "f g. h"]
    assert texts_of("a b c d e\nf g. h", words, chunk_size=8) == ["a b c d e", "f g. h"]
    assert texts_of("a b c d end. F g h", words, chunk_size=8) == ["a b c d end.", "F g h"]
    assert texts_of("a b c d e f g h i", words, chunk_size=8) == ["a b c d e f g h", "i"]


def test_a_break_that_would_leave_the_chunk_nearly_empty_is_passed_over():
    assert texts_of("a\n\nb c d e f g h i", WordTokenizer(), chunk_size=8) == ["a\n\nb c d e f g h", "i"]


def test_korean_sentences_end_chunks(minilm_tokenizer):
    text = "벽걸이 전기벽난로를 설치하기 전에 벽을 확인합니다. 본체는 바닥에서 떨어뜨립니다. 커튼과는 멀리 둡니다."
    pieces = texts_of(text, minilm_tokenizer, chunk_size=64)
    assert len(pieces) > 1 and all(piece.endswith("다.") for piece in pieces)


def test_overlap_begins_at_a_sentence():
    text = "One two. Three four. Five six. Seven eight. Nine ten. Eleven twelve."
    pieces = texts_of(text, WordTokenizer(), chunk_size=9, chunk_overlap=4)
    assert pieces == [
        "One two. Three four. Five six.",
        "Five six. Seven eight. Nine ten.",
        "Nine ten. Eleven twelve.",
    ]


def test_a_word_longer_than_the_chunk_is_cut_inside(minilm_tokenizer):
    word = "벽난로설치" * 5
    pieces = texts_of(f"before {word} after", minilm_tokenizer, chunk_size=16)
    assert pieces[0] == "before"
    assert "".join(pieces[1:]).removesuffix(" after") == word
    assert len(pieces) > 3


def test_a_kept_cutter_answers_any_size_like_a_new_one(minilm_tokenizer):
    text = next(EXAMPLES.glob("*.md")).read_bytes().decode("utf-8")
    cutter = Cutter(text, TextMapper(minilm_tokenizer).map(text), minilm_tokenizer, "doc")
    for size in (32, 500, 64):
        assert cutter.cut(ChunkSettings(size)) == chunks_of(text, minilm_tokenizer, chunk_size=size)


def test_own_paragraph_separator_and_sentence_pattern():
    words = WordTokenizer()
    text = "a b c d e ## f g h i j"
    assert texts_of(text, words, chunk_size=10, paragraph_separator="##") == ["a b c d e ##", "f g h i j"]
    text = "a b c d; e f g h i j"
    assert texts_of(text, words, chunk_size=9, secondary_chunking_regex=r"\S+?[;]") == ["a b c d;", "e f g h i j"]


def test_nothing_is_lost_at_punctuation():
    text = "hello world, this is. fine"
    assert " ".join(texts_of(text, WordTokenizer(), chunk_size=8)) == text


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"chunk_size": 96, "chunk_overlap": 128}, "chunk_overlap 128 is not below chunk_size 96"),
        ({"chunk_size": 96, "chunk_overlap": 96}, "chunk_overlap 96 is not below chunk_size 96"),
        ({"chunk_size": 0}, "chunk_size 0 is outside 8 to 4096"),
        ({"chunk_size": -5}, "chunk_size -5 is outside 8 to 4096"),
        ({"chunk_size": 5000}, "chunk_size 5000 is outside 8 to 4096"),
        ({"chunk_size": 1.5}, "chunk_size must be a whole number, not 1.5"),
        ({"chunk_size": float("nan")}, "chunk_size must be a whole number, not nan"),
        ({"chunk_size": "abc"}, "chunk_size must be a whole number, not 'abc'"),
        ({"chunk_size": None}, "chunk_size must be a whole number, not None"),
        ({"chunk_size": True}, "chunk_size must be a whole number, not True"),
        ({"chunk_overlap": -1}, "chunk_overlap -1 is outside 0 to 4095"),
        ({"paragraph_separator": ""}, "paragraph_separator is empty"),
        ({"secondary_chunking_regex": "("}, "secondary_chunking_regex '(' is not a regular expression"),
    ],
)
def test_impossible_settings_are_refused_with_their_numbers(knobs, message):
    with pytest.raises(SettingError, match=regex.escape(message)):
        ChunkSettings(**knobs)
