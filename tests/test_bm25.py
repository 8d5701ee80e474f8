"""BM25 over windows, against the formula written out."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag_core.bm25 import K1, B, Postings, Windows

WORDS = st.lists(st.sampled_from("abcdefg"), max_size=6)


def postings_of(sentences):
    """From each sentence's lists of terms, every list with the weight of one occurrence."""
    vocabulary, terms, rows, weights = {}, [], [], []
    for row, lists in enumerate(sentences):
        for words, weight in lists:
            for word in words:
                terms.append(vocabulary.setdefault(word, len(vocabulary)))
                rows.append(row)
                weights.append(weight)
    arrays = np.array(terms, np.int64), np.array(rows, np.int64), np.array(weights, np.float32)
    return Postings.of(vocabulary, *arrays, len(sentences))


def naive(sentences, low, high, terms):
    counts = [[sum(words.count(t) for words in sentences[a:b]) for a, b in zip(low, high, strict=True)] for t in terms]
    lengths = [sum(map(len, sentences[a:b])) for a, b in zip(low, high, strict=True)]
    mean = sum(lengths) / max(len(lengths), 1)
    scores = [0.0] * len(low)
    for row in counts:
        df = sum(c > 0 for c in row)
        idf = math.log(1 + (len(low) - df + 0.5) / (df + 0.5))
        for i, c in enumerate(row):
            scores[i] += idf * c * (K1 + 1) / (c + K1 * (1 - B + B * lengths[i] / mean)) if c else 0
    return scores


@given(
    st.lists(WORDS, min_size=1, max_size=25),
    st.integers(0, 4),
    st.integers(1, 5),
    st.lists(st.sampled_from("abcxyz"), max_size=4),
)
def test_windows_score_as_the_formula_says(sentences, before, after, terms):
    rows = range(len(sentences))
    low, high = [max(0, i - before) for i in rows], [min(len(rows), i + after) for i in rows]
    terms = list(dict.fromkeys(terms))
    postings = postings_of([[(words, 1.0)] for words in sentences])
    scores = Windows(postings, np.array(low), np.array(high)).scores(terms)
    np.testing.assert_allclose(scores, naive(sentences, low, high, terms), rtol=1e-4, atol=1e-4)


def test_a_repeated_term_of_the_question_counts_once():
    postings = postings_of([[(["a", "b"], 1.0)], [(["b"], 1.0)]])
    windows = Windows(postings, np.array([0, 1]), np.array([1, 2]))
    np.testing.assert_array_equal(windows.scores(["a", "a"]), windows.scores(["a"]))


def test_weights_count_as_parts_of_an_occurrence():
    postings = postings_of([[(["a"], 1.0), (["a", "h"], 0.5)]])
    rows, counts = postings.term("a")
    assert rows.tolist() == [0] and counts.tolist() == [1.5]
    assert postings.lengths.tolist() == [2.0]
    assert postings.term("x") is None


def test_no_sentences_no_scores():
    empty = np.zeros(0, np.int64)
    assert Windows(postings_of([]), empty, empty).scores(["a"]).shape == (0,)
