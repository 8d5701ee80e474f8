"""The field and the passages grown on it: properties that hold for every question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_core.embedding.hashing import HashingEmbedder
from rag_core.field import SMOOTHING, Table
from rag_core.outline import headings
from rag_core.textmap import TextMapper
from rag_core.types import Document

EMBEDDER = HashingEmbedder()
LINES = [
    "= Fire =",
    "== Care ==",
    "The fire is warm.",
    "Oak needs oil. Clean it weekly.",
    "벽난로를 켭니다.",
    "Same words here.",
    "",
]
TEXTS = st.lists(st.lists(st.sampled_from(LINES), max_size=12).map("\n".join), min_size=1, max_size=4)


def table_of(texts):
    mapper = TextMapper(EMBEDDER.tokenizer)
    documents = [Document(str(i), f"{i}.txt", text) for i, text in enumerate(texts)]
    return Table(documents, [mapper.map(d.text, headings(d.text, {})) for d in documents]), documents


def scored(table, documents, question, weight=0.5):
    units = table.unit_texts(documents)
    vectors = EMBEDDER.embed_passages(units)
    return table.scores(question, vectors @ EMBEDDER.embed_query(question), weight)


@settings(deadline=None)
@given(TEXTS, st.integers(8, 60), st.floats(0, 1), st.floats(0, 1))
def test_passages_never_overlap_never_cross_a_section_never_exceed_the_size(texts, size, floor, weight):
    table, documents = table_of(texts)
    scores = scored(table, documents, "warm fire oak", weight)
    taken = np.zeros(len(table), int)
    last = np.inf
    for passage in table.passages(scores.field, size, floor):
        rows = slice(passage.first, passage.last + 1)
        assert passage.first <= passage.anchor <= passage.last
        taken[rows] += 1
        assert len(set(table.sections[rows].tolist())) == len(set(table.documents[rows].tolist())) == 1
        assert passage.first == passage.last or table.tokens[rows].sum() <= size
        whole = table.sections == table.sections[passage.anchor]
        if taken[whole].sum() != whole.sum() or not table.tokens[whole].sum() <= size:
            assert (scores.field[rows] >= floor * scores.field[passage.anchor] - 1e-6).all()
        assert table.original[passage.anchor]
        assert scores.field[passage.anchor] <= last
        last = scores.field[passage.anchor]
    assert (taken <= 1).all()
    assert (taken[table.original] == 1).all()


def stretched(scores):
    return (scores - scores.min()) / (scores.max() - scores.min())


def test_the_field_is_what_the_formula_says():
    texts = ["One apple here. Two pears there. Three plums. Four figs.", "An apple again."]
    table, documents = table_of([texts[0] * 12, texts[1]])
    cosine = EMBEDDER.embed_passages(table.unit_texts(documents)) @ EMBEDDER.embed_query("apple")
    scores = table.scores("apple", cosine, 0.3)
    keyword = np.mean([stretched(window.scores(["apple"])) for window in table.windows], axis=0)
    mixed = 0.3 * stretched(cosine)[table.units] + 0.7 * keyword
    smooth = []
    for i, document in enumerate(table.documents):
        inside = [0 <= j < len(table) and table.documents[j] == document for j in (i - 1, i + 1)]
        before, after = (mixed[j] if here else mixed[i] for j, here in zip((i - 1, i + 1), inside, strict=True))
        smooth.append(SMOOTHING[0] * before + SMOOTHING[1] * mixed[i] + SMOOTHING[2] * after)
    np.testing.assert_allclose(scores.field, smooth, atol=1e-5)
    np.testing.assert_array_equal(scores.dense, cosine)
    vectors_only = table.scores("qqq", cosine, 0.3)  # a word that stands nowhere: all the score is the vectors'
    for row in (0, 20, len(table) - 1):
        assert table.dense_share(scores, row) == pytest.approx(vectors_only.field[row] / scores.field[row], abs=1e-4)


def test_a_section_that_fits_is_taken_whole_once_half_of_it_is_there():
    text = "= One =\nThe fire is warm. The fire is bright. Made by Hearth. = \n= Two =\nOak needs oil."
    table, documents = table_of([text])
    scores = scored(table, documents, "fire warm bright", 0.0)
    whole, cramped = (next(table.passages(scores.field, size, 1.0)) for size in (60, 8))
    ends = [documents[0].text[table.starts[p.first] : table.ends[p.last]] for p in (whole, cramped)]
    assert ends[0].startswith("= One =") and "Hearth" in ends[0] and "Two" not in ends[0]
    assert "Hearth" not in ends[1]


def test_copies_are_counted_and_only_the_first_begins_a_passage():
    table, documents = table_of(["Same words here.", "Other text. Same words here.", "Same words here."])
    scores = scored(table, documents, "same words")
    anchors = [p.anchor for p in table.passages(scores.field, 100, 1.0)]
    texts = [documents[table.documents[a]].text[table.starts[a] : table.ends[a]] for a in anchors]
    assert texts.count("Same words here.") == 1
    assert table.copies[anchors[0]] == 3 and table.documents[anchors[0]] == 0


def test_allowed_rows_only():
    table, documents = table_of(["The fire is warm.", "A warm fire, too."])
    scores = scored(table, documents, "warm fire")
    allowed = table.documents == 1
    assert [table.documents[p.anchor] for p in table.passages(scores.field, 50, 0.5, allowed)] == [1]


def test_an_empty_index_has_an_empty_field():
    table, documents = table_of([""])
    scores = table.scores("x", np.zeros(0, np.float32), 0.5)
    assert len(table) == 0 and list(table.passages(scores.field, 50, 0.5)) == []
