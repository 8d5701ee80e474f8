"""Ranking: exact, ordered, the same at any top_k."""

import numpy as np
import pytest

from rag_core import ChunkSettings, IndexMissing, QueryError, SearchSettings, SettingError
from rag_core.settings import MODES


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for i in range(12):
        (folder / f"{i:02}.txt").write_text(
            f"Paper {i} is about subject{i}. It has many words.\n\nMore of {i}: tail{i}."
        )
    return folder


@pytest.fixture
def filled(bench, files):
    bench.build("papers", [files], ChunkSettings(16))
    return bench


def test_dense_scores_every_chunk_with_its_own_cosine(filled):
    ranking = filled.rank("papers", "subject3 words", SearchSettings(mode="dense"))
    embedder = filled._engines.embedder()
    query = embedder.embed_query("subject3 words")
    hits = ranking.hits(1000)
    assert len(hits) == ranking.total
    expected = embedder.embed_passages([hit.text for hit in hits]) @ query
    np.testing.assert_allclose([hit.score for hit in hits], expected, atol=1e-6)
    assert [hit.dense for hit in hits] == [hit.score for hit in hits]
    assert ranking.nearest == pytest.approx(hits[0].score)


@pytest.mark.parametrize("mode", MODES)
def test_hits_are_in_order_and_carry_their_text(filled, mode):
    hits = filled.search("papers", "subject3", SearchSettings(top_k=6, mode=mode))
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert hits[0].document == "03.txt"
    assert all(a.score >= b.score for a, b in zip(hits, hits[1:], strict=False))
    spans = set()
    for hit in hits:
        text = filled.document("papers", hit.document).text
        assert text[hit.start : hit.end] == hit.text
        assert 0 < hit.tokens <= 16
        assert text[slice(*hit.anchor)] and hit.copies == 1 and hit.section == ""
        assert (hit.dense is None) == (mode == "keyword") and (hit.keyword is None) == (mode == "dense")
        spans.add((hit.document, hit.start))
    assert len(spans) == 6


def test_a_ranking_cut_elsewhere_is_the_same_search_at_another_top_k(filled):
    ranking = filled.rank("papers", "words about paper", SearchSettings(top_k=20))
    narrow = ranking.cut_at(2)
    assert narrow.settings.top_k == 2 and narrow.hits() == ranking.hits(2)
    assert ranking.settings.top_k == 20 and narrow.hits(20) == ranking.hits()


@pytest.mark.parametrize("mode", MODES)
def test_top_k_only_cuts_the_same_ranking(filled, mode):
    ranking = filled.rank("papers", "words about paper", SearchSettings(top_k=1, mode=mode))
    longest = ranking.hits(1000)
    assert list(ranking.each()) == longest
    for k in (1, 2, 5, 20):
        assert ranking.hits(k) == longest[:k]
        assert filled.search("papers", "words about paper", SearchSettings(top_k=k, mode=mode)) == longest[:k]
    assert ranking.hits() == longest[:1]


@pytest.mark.parametrize("mode", MODES)
def test_identical_passages_come_once_and_say_how_often_they_stand(bench, tmp_path, mode):
    for i in range(4):
        (tmp_path / f"{i}.txt").write_text(f"same words here{' ' * i}")
    bench.build("twins", [tmp_path / f"{i}.txt" for i in range(4)])
    (hit,) = bench.search("twins", "same words", SearchSettings(mode=mode))
    assert (hit.document, hit.copies) == ("0.txt", 4)


def test_chunks_are_scored_by_their_best_sentence(filled):
    by_sentence = filled.search("papers", "tail7", SearchSettings(mode="chunks", chunk_size=64))
    assert by_sentence[0].document == "07.txt"
    start, end = by_sentence[0].anchor
    assert by_sentence[0].start <= start < end <= by_sentence[0].end


@pytest.fixture
def long_texts(bench, tmp_path):
    for name in ("a", "b"):
        sentences = [f"In {name} the matter number {i} concerns item{i} and colour{i % 7}." for i in range(120)]
        (tmp_path / f"{name}.txt").write_text(" ".join(sentences))
    bench.build("long", [tmp_path / "a.txt", tmp_path / "b.txt"])
    return bench


def test_weight_floor_stop_budget_and_documents_are_heeded(long_texts):
    def search(**knobs):
        return long_texts.search("long", "item50 colour1", SearchSettings(top_k=200, **knobs))

    everything = search()
    assert [hit.score for hit in search(weight=1.0)] != [hit.score for hit in search(weight=0.0)]
    assert max(hit.tokens for hit in search(floor=0.99)) < max(hit.tokens for hit in search(floor=0.0))
    assert 0 < len(search(stop=0.9)) < len(everything)
    assert all(hit.score >= 0.9 * everything[0].score for hit in search(stop=0.9))
    assert 0 < sum(hit.tokens for hit in search(token_budget=400)) <= 400
    assert {hit.document for hit in search(documents=("b.txt",))} == {"b.txt"}
    nearest = max(hit.dense for hit in everything)
    assert search(min_cosine=nearest) and all(hit.dense >= nearest for hit in search(min_cosine=nearest))
    with pytest.raises(IndexMissing, match="There is no document named 'no.txt' here"):
        search(documents=("no.txt",))


def test_a_sentence_longer_than_chunk_size_gives_its_best_part(bench, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"word{i}" for i in range(60)) + " needle " + " ".join(f"more{i}" for i in range(40)))
    bench.build("long", [path])
    (hit, *_) = bench.search("long", "needle", SearchSettings(chunk_size=16))
    assert "needle" in hit.text and hit.tokens <= 16


def test_a_hit_knows_its_section_and_page(bench, tmp_path):
    path = tmp_path / "doc.md"
    path.write_text("# Fires\n\n## Care\n\nWipe the glass with vinegar.\n")
    bench.build("doc", [path])
    assert bench.search("doc", "vinegar")[0].section == "Fires > Care"


@pytest.mark.parametrize(
    ("knob", "value"), [("weight", 1.5), ("floor", -0.1), ("stop", float("nan")), ("token_budget", 0)]
)
def test_knobs_out_of_range_are_refused(knob, value):
    with pytest.raises(SettingError, match=knob):
        SearchSettings(**{knob: value})


@pytest.mark.parametrize("query", ["", "  \n", None, 5])
def test_an_empty_question_is_refused(filled, query):
    with pytest.raises(QueryError, match="The question is empty"):
        filled.search("papers", query)


def test_a_very_long_question_is_refused_with_both_numbers(filled):
    with pytest.raises(QueryError, match="4,001 characters; 4,000 are the most"):
        filled.search("papers", "x" * 4001)


@pytest.mark.parametrize("top_k", [0, -1, 1001, 2.5, "3", None])
def test_top_k_out_of_range_is_refused(top_k):
    with pytest.raises(SettingError, match="top_k"):
        SearchSettings(top_k=top_k)


def test_an_unknown_mode_is_refused_with_those_there_are():
    with pytest.raises(SettingError, match="mode 'magic' is not one of: field, chunks, dense, keyword"):
        SearchSettings(mode="magic")


def test_an_empty_index_finds_nothing(bench):
    bench.create("empty")
    ranking = bench.rank("empty", "anything")
    assert ranking.hits() == [] and not ranking.found and ranking.total == 0


def test_a_size_alone_drops_a_default_overlap_that_does_not_fit(filled):
    filled.make_default("papers", ChunkSettings(64, 32))
    assert filled.rank("papers", "words", SearchSettings(chunk_size=16)).chunking == ChunkSettings(16, 0)
    with pytest.raises(SettingError, match="chunk_overlap 32 is not below chunk_size 16"):
        filled.search("papers", "words", SearchSettings(chunk_size=16, chunk_overlap=32))


@pytest.mark.model
def test_an_unrelated_question_is_not_found_and_a_related_one_is(tmp_path, minilm_folder):
    from rag_core import Workbench
    from rag_core.embedding.transformers import TransformersEmbedder

    bench = Workbench(tmp_path / "i", tmp_path / "m", embedder=TransformersEmbedder(minilm_folder))
    (tmp_path / "heater.txt").write_text("The heater warms the bathroom. It switches itself off after two hours.")
    (tmp_path / "sofa.txt").write_text("A corner sofa in grey wool with six cushions and oak legs.")
    bench.build("home", [tmp_path / "heater.txt", tmp_path / "sofa.txt"])
    assert bench.rank("home", "How long does the heater stay on?").found
    assert not bench.rank("home", "What is the capital of Mongolia?").found
    # an English embedder cannot read Korean, so its cosines rule nothing out
    assert bench.rank("home", "몽골의 수도는 어디인가요?").cut == 0
    bench.close()
