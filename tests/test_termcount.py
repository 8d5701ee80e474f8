"""Counting terms in bulk agrees with reading sentence by sentence."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag_core.termcount import TermCounter
from rag_core.terms import terms

WORDS = st.sampled_from(
    [
        "The",
        "flames",
        "벽난로를",
        "設置する。",
        "LED불꽃",
        "e-mail",
        "1,500",
        "\u3000",
        "\n\n",
        "naïve",
        "...",
        "x\x85y",
        "\x1c",
    ]
)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), max_size=8), st.booleans())
def test_bulk_counting_agrees_with_one_by_one(sentences, glued):
    sentences = [sentence for sentence in sentences if sentence.strip()]
    gap = "" if glued else " "
    text, starts, ends = "", [], []
    for sentence in sentences:
        text += gap
        starts.append(len(text) + len(sentence) - len(sentence.lstrip()))
        text += sentence
        ends.append(len(text) - (len(sentence) - len(sentence.rstrip())))
    counter = TermCounter()
    counter.add(text, np.array(starts, np.int32), np.array(ends, np.int32), 2)
    counter.add_to_all("heading flames", np.array([0, 3]), 0.5)
    postings = counter.postings(len(sentences) + 4)
    expected = [Counter() for _ in range(len(sentences) + 4)]
    for row, (start, end) in enumerate(zip(starts, ends, strict=True), 2):
        expected[row].update(terms(text[start:end]))
    for row in (0, 3):
        for term in ("head", "flame"):
            expected[row][term] += 0.5
    found = [Counter() for _ in expected]
    for word in postings.vocabulary:
        for row, count in zip(*postings.term(word), strict=True):
            found[row][word] += float(count)
    assert found == expected
    np.testing.assert_allclose(postings.lengths, [sum(counts.values()) for counts in expected])
