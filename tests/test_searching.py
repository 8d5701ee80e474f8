"""Ranking: exact, ordered, the same at any top_k."""

import numpy as np
import pytest

from rag_core import ChunkSettings, QueryError, SearchSettings, SettingError


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


def test_every_chunk_is_scored_with_its_own_cosine(filled):
    ranking = filled.rank("papers", "subject3 words")
    embedder = filled._engines.embedder()
    query = embedder.embed_query("subject3 words")
    expected = embedder.embed_passages([ranking.corpus.text(chunk) for chunk in ranking.partition.chunks]) @ query
    np.testing.assert_allclose(ranking.scores, expected, atol=1e-6)
    assert ranking.total == len(expected)


def test_hits_are_in_order_and_carry_their_text(filled):
    hits = filled.search("papers", "subject3", SearchSettings(top_k=6))
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert hits[0].document == "03.txt"
    assert all(a.score >= b.score for a, b in zip(hits, hits[1:], strict=False))
    for hit in hits:
        assert filled.document("papers", hit.document).text[hit.start : hit.end] == hit.text
        assert hit.score == hit.dense and hit.keyword is None
        assert -1 <= hit.score <= 1.0001 and 0 < hit.tokens <= 16


def test_top_k_only_cuts_the_same_ranking(filled):
    ranking = filled.rank("papers", "words about paper", SearchSettings(top_k=1))
    longest = ranking.hits(1000)
    assert len(longest) == ranking.total
    for k in (1, 2, 5, 20):
        assert ranking.hits(k) == longest[:k]
        assert filled.search("papers", "words about paper", SearchSettings(top_k=k)) == longest[:k]
    assert ranking.hits() == longest[:1]


def test_equal_scores_come_in_document_order(filled, files, tmp_path):
    twin = tmp_path / "twin"
    twin.mkdir()
    for i in range(4):
        (twin / f"{i}.txt").write_text(f"same words here{' ' * i}")
    filled.build("twins", [twin])
    assert [hit.document for hit in filled.search("twins", "same words")] == ["0.txt", "1.txt", "2.txt", "3.txt"]


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
    with pytest.raises(SettingError, match="mode 'magic' is not one of: dense"):
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
