"""The transformers embedder: equal to sentence-transformers, and clear about folders it cannot run."""

import json
import shutil

import numpy as np
import pytest

from rag_core.embedding.recipe import read_recipe
from rag_core.embedding.transformers import TransformersEmbedder, _batches
from rag_core.errors import ModelError

pytestmark = pytest.mark.model


def corpus(minilm_folder):
    """200 texts of 1 to 600 tokens, in two languages, in no order."""
    from pathlib import Path

    documents = Path(__file__).parent.parent / "examples" / "documents"
    words = [word for path in sorted(documents.glob("*.md")) for word in path.read_text("utf-8").split()]
    rng = np.random.default_rng(7)
    lengths = np.concatenate([rng.integers(1, 60, 160), rng.integers(100, 420, 40)])
    starts = rng.integers(0, len(words) - 420, len(lengths))
    return [" ".join(words[s : s + n]) for s, n in zip(starts, lengths, strict=True)]


def test_vectors_equal_those_of_sentence_transformers(minilm_folder):
    reference = pytest.importorskip("sentence_transformers", reason="sentence-transformers is only for this comparison")
    texts = corpus(minilm_folder)
    embedder = TransformersEmbedder(minilm_folder, exact=True)
    assert max(embedder.tokenizer.count(texts)) > embedder.max_tokens
    theirs = reference.SentenceTransformer(str(minilm_folder), device="cpu").encode(texts, normalize_embeddings=True)
    assert (embedder.embed_passages(texts) * theirs).sum(axis=1).min() >= 0.9999


def test_the_faster_number_format_gives_the_same_vectors_and_is_remembered(minilm_folder, tmp_path):
    texts = corpus(minilm_folder)[:60]
    exact = TransformersEmbedder(minilm_folder, exact=True)
    memory = tmp_path / "memory.json"
    quick = TransformersEmbedder(minilm_folder, memory=memory)
    assert (quick.embed_passages(texts) * exact.embed_passages(texts)).sum(axis=1).min() >= 0.999
    assert quick.fingerprint == exact.fingerprint
    import torch

    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        assert not memory.exists()
        return
    (choice,) = json.loads(memory.read_text()).values()
    assert str(next(quick._load().parameters()).dtype) == f"torch.{choice}"
    memory.write_text(memory.read_text().replace(choice, "float32"))
    again = TransformersEmbedder(minilm_folder, memory=memory)
    assert str(next(again._load().parameters()).dtype) == "torch.float32"


@pytest.mark.parametrize("pooling", ["cls", "lasttoken"])
def test_other_poolings_equal_sentence_transformers(minilm_folder, tmp_path, pooling):
    reference = pytest.importorskip("sentence_transformers", reason="sentence-transformers is only for this comparison")
    folder = shutil.copytree(minilm_folder, tmp_path / "model")
    config = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": False}
    config[f"pooling_mode_{'cls_token' if pooling == 'cls' else 'lasttoken'}"] = True
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    texts = corpus(minilm_folder)[:30]
    theirs = reference.SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    assert (TransformersEmbedder(folder, exact=True).embed_passages(texts) * theirs).sum(axis=1).min() >= 0.9999


def test_the_recipe_is_the_folders_own(minilm_folder):
    recipe = read_recipe(minilm_folder)
    assert (recipe.pooling, recipe.max_tokens, recipe.query_prefix) == ("mean", 256, "")


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("multilingual-e5-small", "query: ", "passage: "),
        ("bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("something-else", "", ""),
    ],
)
def test_known_families_get_their_prefixes(minilm_folder, tmp_path, name, query, passage):
    folder = shutil.copytree(minilm_folder, tmp_path / name)
    recipe = read_recipe(folder)
    assert (recipe.query_prefix, recipe.passage_prefix) == (query, passage)


def test_prompts_in_the_folder_come_first(minilm_folder, tmp_path):
    folder = shutil.copytree(minilm_folder, tmp_path / "multilingual-e5-small")
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "Q: ", "document": "D: "}})
    )
    embedder = TransformersEmbedder(folder)
    assert (embedder.recipe.query_prefix, embedder.recipe.passage_prefix) == ("Q: ", "D: ")
    bare = TransformersEmbedder(minilm_folder)
    assert bare.embed_query("Q: fire") @ embedder.embed_query("fire") > 0.9999


def test_fingerprints_tell_weights_and_recipes_apart(minilm_folder, tmp_path):
    same = shutil.copytree(minilm_folder, tmp_path / "same")
    other = shutil.copytree(minilm_folder, tmp_path / "other")
    weights = other / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-10] ^= 1
    weights.write_bytes(raw)
    prefixed = shutil.copytree(minilm_folder, tmp_path / "e5-same")
    prints = [TransformersEmbedder(folder).fingerprint for folder in (minilm_folder, same, other, prefixed)]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "config.json").unlink(), "is not a model's folder: it has no config.json"),
        (lambda f: (f / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda f: (f / "tokenizer.json").write_text("{"), "tokenizer.json is damaged"),
        (lambda f: (f / "tokenizer.json").write_text("[]"), "tokenizer.json is not a fast tokenizer"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "has no .safetensors weights"),
        (lambda f: (f / "modules.json").write_text("{"), "modules.json is damaged"),
        (
            lambda f: (f / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}'),
            "pools by pooling_mode_max_tokens; RAGscope knows mean, cls and last token",
        ),
        (
            lambda f: (f / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense", "path": "2"}]'),
            "ends in a Dense layer",
        ),
    ],
)
def test_a_folder_that_cannot_run_is_refused_in_words(minilm_folder, tmp_path, spoil, message):
    folder = shutil.copytree(minilm_folder, tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        TransformersEmbedder(folder)


def test_truncated_weights_are_told_when_they_are_needed(minilm_folder, tmp_path):
    folder = shutil.copytree(minilm_folder, tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    with pytest.raises(ModelError, match="The embedder model cannot be loaded"):
        TransformersEmbedder(folder).embed_query("text")


def test_batches_hold_every_row_once_within_the_budget():
    lengths = [5, 4096, 1, 9000, 300, 300, 2, 2]
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 4096 for batch in batches)
