"""One suite over every Embedder: unit rows, no influence of neighbours in a batch, a tokenizer that agrees."""

import numpy as np
import pytest

from rag_core.embedding.hashing import HashingEmbedder
from rag_core.protocols import Embedder, Tokenizer

TEXTS = [
    "A fireplace hangs on the wall.",
    "벽걸이 전기벽난로를 설치합니다.",
    "",
    "word " * 700,
    "x",
    "👨‍👩‍👧 naïve café\n\n設置する。",
]


@pytest.fixture(params=["hashing", pytest.param("minilm", marks=pytest.mark.model)], scope="module", name="embedder")
def _embedder(request):
    if request.param == "hashing":
        return HashingEmbedder()
    from rag_core.embedding.transformers import TransformersEmbedder

    return TransformersEmbedder(request.getfixturevalue("minilm_folder"), "all-MiniLM-L6-v2")


def test_is_an_embedder(embedder):
    assert isinstance(embedder, Embedder)
    assert isinstance(embedder.tokenizer, Tokenizer)
    assert embedder.name and embedder.fingerprint and embedder.max_tokens > 0


def test_rows_are_finite_unit_vectors(embedder):
    rows = embedder.embed_passages(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.dimensions)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_text_alone_embeds_as_in_a_batch(embedder):
    together = embedder.embed_passages(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert float(embedder.embed_passages([text])[0] @ row) > 0.999  # bfloat16 rounds by the shape of the batch


def test_no_texts_give_no_rows(embedder):
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)


def test_a_query_is_one_vector_near_its_passage(embedder):
    query = embedder.embed_query("fireplace wall")
    assert query.shape == (embedder.dimensions,)
    near, far = embedder.embed_passages(["A fireplace for the wall.", "Sauces need butter."])
    assert query @ near > query @ far


def test_counts_are_the_number_of_offsets(embedder):
    counts = embedder.tokenizer.count(TEXTS)
    assert counts == [len(offsets) for offsets in embedder.tokenizer.offsets(TEXTS)]
    assert counts[TEXTS.index("")] == 0
    assert counts[3] == 700  # no truncation
    assert embedder.tokenizer.count(TEXTS[:1]) == counts[:1]
