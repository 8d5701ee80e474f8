"""Metrics against Chroma's definitions written out character by character, and questions files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import LoadError
from rag_core.evaluating import METRICS, Question, evaluate, overlap_metrics, read_questions, summarise
from rag_core.types import Hit

SPANS = st.tuples(st.integers(0, 200), st.integers(1, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def by_characters(spans, sizes, references):
    gold = {i for start, end in references for i in range(start, end)}
    found = {i for span in spans if span for i in range(*span)}
    shared, paid = len(gold & found), sum(sizes)
    union = paid + len(gold) - shared
    return shared / len(gold), shared / paid if paid else 0, shared / union if union else 0


@given(st.lists(st.none() | SPANS, max_size=8), st.lists(SPANS, min_size=1, max_size=4), st.data())
def test_metrics_agree_with_counting_characters(spans, references, data):
    sizes = [span[1] - span[0] if span else data.draw(st.integers(1, 60)) for span in spans]
    assert overlap_metrics(spans, sizes, references) == pytest.approx(by_characters(spans, sizes, references), abs=1e-9)


def hit(rank, start, end, document="a.txt", tokens=100):
    return Hit(rank, 1 / rank, document, document, start, end, tokens, "")


def test_ranks_and_budget():
    hits = [hit(1, 0, 50, "b.txt", 600), hit(2, 100, 200, tokens=300), hit(3, 300, 400, tokens=200), hit(4, 400, 500)]
    question = Question("q", "a.txt", ((150, 160), (350, 450)))
    means = evaluate([question], lambda query: hits, 2).means
    assert means["recall"] == pytest.approx(10 / 110)
    assert means["hit@1"] == 0 and means["hit@5"] == 1 and means["mrr"] == 0.5
    assert means["tokens"] == 900
    # 600 + 300 tokens, and half of the third hit: its characters up to 350
    assert means["recall@1000"] == pytest.approx(10 / 110)


def test_nothing_retrieved_is_zero_everywhere():
    means = evaluate([Question("q", "a.txt", ((0, 5),))], lambda query: [], 5).means
    assert set(means) == set(METRICS) and not any(means.values())


def test_a_bootstrap_interval_covers_the_mean_it_estimates():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        rows = np.repeat(rng.random((60, 1)) < 0.7, len(METRICS), axis=1).astype(float)
        low, high = summarise(rows).intervals["recall"]
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_questions_are_read(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"question": "왜?", "document": "a.txt", "references": [{"start": 1, "end": 3}]}\n\n', encoding="utf-8"
    )
    assert read_questions(path) == [Question("왜?", "a.txt", ((1, 3),))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "has no questions"),
        ("{", "line 1 is not"),
        ('{"question": "q"}', "line 1 is not"),
        ('{"question": "q", "document": "d", "references": []}', "line 1 has a reference without characters"),
        ('{"question": "q", "document": "d", "references": [{"start": 5, "end": 5}]}', "without characters"),
    ],
)
def test_a_questions_file_of_another_form_is_refused(tmp_path, line, message):
    path = tmp_path / "q.jsonl"
    path.write_text(line)
    with pytest.raises(LoadError, match=message):
        read_questions(path)
    with pytest.raises(LoadError, match="cannot be read"):
        read_questions(tmp_path / "absent.jsonl")
