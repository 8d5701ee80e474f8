"""Looking closer: the match against strangers, chunk figures, the plane, the heat, runs, why not."""

import numpy as np
import pytest

from rag_core import ChunkSettings, IndexMissing, SearchSettings

TOPICS = ["fire", "oak", "lamp", "rug", "desk", "sofa"]


@pytest.fixture
def filled(bench, tmp_path):
    for topic in TOPICS:
        lines = [f"The {topic} number {i} has its own {topic}{i} and stands by itself there." for i in range(20)]
        (tmp_path / f"{topic}.txt").write_text("\n\n".join(lines))
    (tmp_path / "한글.txt").write_text("벽난로를 켭니다. 의자를 놓습니다. " * 10, encoding="utf-8")
    bench.build("home", [tmp_path / f"{topic}.txt" for topic in TOPICS] + [tmp_path / "한글.txt"], ChunkSettings(48))
    return bench


def test_a_match_is_judged_against_unrelated_questions(filled):
    ranking = filled.rank("home", "oak number oak7")
    judged = filled.match("home", ranking)
    assert judged.best == pytest.approx(ranking.nearest, abs=1e-6)
    assert judged.cut == ranking.cut
    assert 0 <= judged.passing <= judged.above <= 1
    assert judged.related.sum() == pytest.approx(1, abs=1e-5) and judged.unrelated.sum() == pytest.approx(1, abs=1e-5)
    assert len(judged.edges) == len(judged.related) + 1 and (np.diff(judged.edges) > 0).all()


def test_chunk_statistics_count_what_the_cut_does(filled):
    settings = ChunkSettings(24)
    figures = filled.statistics("home", settings)
    cut = [
        (filled.document("home", row.name), filled.chunks("home", row.name, settings))
        for row in filled.documents("home")
    ]
    assert figures.count == sum(len(chunks) for _, chunks in cut)
    assert sorted(figures.tokens) == sorted(chunk.tokens for _, chunks in cut for chunk in chunks)
    texts = [document.text[c.start : c.end] for document, chunks in cut for c in chunks]
    assert figures.duplicates == len(texts) - len(set(texts)) > 0
    inside = sum(not text.endswith((".", "다.")) for text in texts)
    assert figures.end_inside == inside
    assert figures.too_long == 0
    assert {name for name, _ in figures.scripts} == {"Korean", "other"}


def test_the_plane_holds_every_unit_and_the_question(filled):
    ranking = filled.rank("home", "lamp3")
    plane = filled.projection("home", ranking)
    assert plane.points.shape == (filled.info("home").vectors, 2) == (len(plane.documents), 2)
    assert plane.question.shape == (2,)
    assert plane.points.var(axis=0)[0] >= plane.points.var(axis=0)[1] > 0
    assert filled.projection("home").question is None


def test_heat_is_strongest_at_the_best_sentence(filled):
    ranking = filled.rank("home", "rug11 number")
    heat = filled.heat(ranking, "rug.txt")
    text = filled.document("home", "rug.txt").text
    best = max(range(len(heat.scores)), key=heat.scores.__getitem__)
    assert heat.steps[best] == 5 and "rug11" in " ".join(
        text[heat.starts[i] : heat.ends[i]] for i in range(best - 2, best + 3)
    )
    assert set(heat.steps) <= set(range(6))
    assert [text[a:b] for a, b in zip(heat.starts, heat.ends, strict=True)][0].startswith("The rug number 0")


def test_runs_are_kept_in_the_index_newest_first(filled):
    for query in ("lamp3", "sofa4"):
        filled.record("home", filled.rank("home", query, SearchSettings(top_k=3, mode="chunks")))
    newest, oldest = filled.runs("home")
    assert (newest.query, oldest.query) == ("sofa4", "lamp3")
    assert newest.settings["mode"] == "chunks" and newest.settings["chunk_size"] == 48
    assert [rank for rank, _ in newest.places] == [1, 2, 3] and all(0 <= at <= 1 for _, at in newest.places)
    for i in range(60):
        filled.record("home", filled.rank("home", f"rug{i}"))
    assert len(filled.runs("home")) == 50


def test_why_not_names_a_change_that_brings_it_in(filled):
    ranking = filled.rank("home", "The oak number", SearchSettings(top_k=1))
    text = filled.document("home", "oak.txt").text
    (hit,) = ranking.hits()
    missed = next(f"oak{i} " for i in range(20) if not hit.start <= text.index(f"oak{i} ") < hit.end)
    start = text.index(missed)
    answer = filled.why_not("home", ranking, "oak.txt", start, start + 5)
    assert not answer.found and answer.gap >= 0
    assert missed in text[slice(*answer.anchor)]
    assert answer.fixes
    for fix in answer.fixes:
        hits = filled.search("home", ranking.query, fix.settings)
        assert any(h.document == "oak.txt" and h.start < answer.anchor[1] and answer.anchor[0] < h.end for h in hits), (
            fix.knob
        )
        changed = [
            k
            for k in ("top_k", "chunk_size", "weight", "floor", "mode")
            if getattr(fix.settings, k) != getattr(ranking.settings, k)
        ]
        assert changed == [fix.knob]


def test_why_not_of_a_hit_says_it_is_found(filled):
    ranking = filled.rank("home", "sofa5 number")
    hit = ranking.hits()[0]
    answer = filled.why_not("home", ranking, hit.document, hit.anchor[0], hit.anchor[1])
    assert answer.found and answer.rank == 1 and answer.fixes == ()
    with pytest.raises(IndexMissing):
        filled.why_not("home", ranking, "gone.txt", 0, 5)


def test_why_not_tries_nothing_that_would_have_to_be_embedded_first(filled):
    ranking = filled.rank("home", "The oak number", SearchSettings(top_k=1, mode="dense"))
    text = filled.document("home", "oak.txt").text
    answer = filled.why_not("home", ranking, "oak.txt", len(text) - 5, len(text))
    assert "chunk_size" not in {fix.knob for fix in answer.fixes}
    assert filled.missing("home", ChunkSettings(64), "dense").missing > 0
