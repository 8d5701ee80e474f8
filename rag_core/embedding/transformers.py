"""An embedder over transformers and torch, both imported on first need. Knows nothing of documents or indices.

Texts are sorted by length and batched under a token budget, so that little is computed on padding; pooling heeds the
attention mask, so that padding changes nothing.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError
from ..types import FloatArray
from .precision import quickest
from .recipe import fingerprint, read_recipe, weights
from .tokenizer import FastTokenizer

if TYPE_CHECKING:
    import torch

_TOKEN_BUDGET = 4096  # padded tokens of one batch; larger ones leave the cache of a laptop's processor


class TransformersEmbedder:
    """A Hugging Face folder as an embedder, on the processor. Safe to call from several threads."""

    def __init__(self, folder: Path, name: str = "", *, memory: Path | None = None, exact: bool = False) -> None:
        """Read the recipe and the tokenizer; the weights are loaded on first use. ModelError says what is wrong.

        `memory`: where the faster number format of this processor is remembered. `exact`: float32 whatever is faster.
        """
        if not (folder / "config.json").is_file():
            raise ModelError(f"{folder} is not a model's folder: it has no config.json.")
        self.folder = folder
        self.name = name or folder.name
        self.recipe = read_recipe(folder)
        weights(folder)
        self.tokenizer = FastTokenizer(folder)
        self.fingerprint = fingerprint(folder, self.recipe)
        self._lock = threading.Lock()
        self._memory = memory
        self._exact = exact
        self._model: Any = None
        self._encoder: Any = None

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._load().config.hidden_size)

    @property
    def max_tokens(self) -> int:
        """Tokens of a text the model sees, special tokens not counted."""
        return self.recipe.max_tokens - 2

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimensions)."""
        return self._embed([self.recipe.passage_prefix + text for text in texts])

    def embed_query(self, text: str) -> FloatArray:
        """A unit vector, shape (dimensions,)."""
        row: FloatArray = self._embed([self.recipe.query_prefix + text])[0]
        return row

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                model = _load_model(self.folder)
                self._encoder = _load_encoder(self.folder, self.recipe.max_tokens)
                quick = model if self._exact else quickest(model, self._forward, model.config.vocab_size, self._memory)
                self._model = quick
        return self._model

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        model = self._load()
        import torch

        rows = np.empty((len(texts), int(model.config.hidden_size)), np.float32)
        encoded = [e.ids for e in self._encoder.encode_batch_fast(list(texts))]
        pad = int(getattr(model.config, "pad_token_id", 0) or 0)
        with self._lock, torch.inference_mode():
            for batch in _batches([len(ids) for ids in encoded]):
                rows[batch] = self._forward(model, *_padded([encoded[i] for i in batch], pad)).numpy()
        return rows

    def _forward(self, model: Any, ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        import torch

        states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return torch.nn.functional.normalize(_pool(states, mask, self.recipe.pooling), dim=1)


def _padded(batch: list[list[int]], pad: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Token ids and attention mask, shape (n, longest)."""
    import torch

    longest = max(map(len, batch))
    ids = torch.full((len(batch), longest), pad)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for i, tokens in enumerate(batch):
        ids[i, : len(tokens)] = torch.tensor(tokens)
        mask[i, : len(tokens)] = 1
    return ids, mask


def _pool(states: "torch.Tensor", mask: "torch.Tensor", pooling: str) -> "torch.Tensor":
    """One vector a text from its token vectors, padding left out: shape (n, t, d) → (n, d)."""
    if pooling == "cls":
        return states[:, 0]
    if pooling == "last":
        return states[range(len(states)), mask.sum(1) - 1]
    weight = mask.unsqueeze(2).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1e-9)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of like length, at most the token budget each, padding included."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        # sorted from long to short, the first row of a batch is its width
        if batch and (len(batch) + 1) * lengths[batch[0]] > _TOKEN_BUDGET:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _load_model(folder: Path) -> Any:
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel
        from transformers.utils import logging
    except ImportError as error:
        raise ModelError(
            f"The embedder needs torch and transformers ({error}). pip install -r requirements.txt"
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # stderr belongs to the caller
    try:
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"The embedder {folder.name} cannot be loaded: {reason}") from error
    return model.eval()


def _load_encoder(folder: Path, max_tokens: int) -> Any:
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoder.no_padding()
    encoder.enable_truncation(max_tokens)
    return encoder
