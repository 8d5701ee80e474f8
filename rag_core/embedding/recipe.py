"""Read a model folder's own recipe: pooling, prefixes, length. Knows nothing of torch.

Vectors are always normalised, whatever the folder says: search is by cosine.

Folders in the sentence-transformers layout say it in `modules.json`, `1_Pooling/config.json` and
`config_sentence_transformers.json`; for families that state it in prose only there is a small table.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError

_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_mean_tokens": "mean",
}
# Prefixes that the models' cards ask for and their folders do not carry: (part of the folder's name, query, passage).
_PREFIXES = (
    ("multilingual-e5", "query: ", "passage: "),
    ("e5-", "query: ", "passage: "),
    ("bge-small-en", "Represent this sentence for searching relevant passages: ", ""),
    ("bge-base-en", "Represent this sentence for searching relevant passages: ", ""),
    ("bge-large-en", "Represent this sentence for searching relevant passages: ", ""),
)
_SAMPLE = 65_536
_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a folder's token vectors become one vector. `max_tokens` counts special tokens, too."""

    pooling: str  # "mean", "cls" or "last"
    max_tokens: int
    query_prefix: str
    passage_prefix: str


def read_recipe(folder: Path) -> Recipe:
    """The folder's recipe; mean pooling where it says nothing. ModelError for a broken file."""
    config = _read(folder / "config.json")
    pooling = "mean"
    modules = _read(folder / "modules.json")
    for module in modules if isinstance(modules, list) else []:
        kind = str(module.get("type", "")).rsplit(".", 1)[-1]
        if kind == "Pooling":
            pooling = _pooling(folder, _read(folder / str(module.get("path", "")) / "config.json"))
        elif kind == "Dense":
            raise ModelError(
                f"{folder.name} ends in a Dense layer, which RAGscope does not run. Choose another embedder."
            )
    query, passage = _prefixes(folder)
    length = _read(folder / "sentence_bert_config.json").get("max_seq_length")
    positions = int(config.get("max_position_embeddings", 512))
    if config.get("model_type") in ("xlm-roberta", "roberta", "camembert", "mpnet"):
        positions -= 2  # these families keep two positions for padding
    return Recipe(pooling, min(int(length or positions), positions), query, passage)


def fingerprint(folder: Path, recipe: Recipe) -> str:
    """Equal for folders that give equal vectors: the configuration in full, the weights by samples.

    Hashing every byte of large weights would cost seconds at each start; a retrained model differs in every tensor, so
    16 stretches of 64 KiB and the size tell it apart.
    """
    digest = hashlib.blake2b(repr(recipe).encode(), digest_size=16)
    digest.update((folder / "config.json").read_bytes())
    for path in weights(folder):
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            for i in range(_SAMPLES):
                file.seek(max(0, (size - _SAMPLE) * i // (_SAMPLES - 1)))
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def weights(folder: Path) -> list[Path]:
    """The folder's weight files. Only safetensors: pickled weights can run code when they are opened."""
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise ModelError(
            f"{folder.name} has no .safetensors weights. Put the model's safetensors version into models/."
        )
    return paths


def _pooling(folder: Path, config: dict[str, Any]) -> str:
    if mode := config.get("pooling_mode"):
        chosen = {"cls": "cls", "mean": "mean", "lasttoken": "last"}.get(str(mode), str(mode))
        modes = [chosen]
    else:
        modes = [
            _POOLINGS.get(key, key) for key, on in config.items() if key.startswith("pooling_mode_") and on is True
        ]
    if len(modes) != 1 or modes[0] not in _POOLINGS.values():
        raise ModelError(
            f"{folder.name} pools by {' + '.join(modes) or 'nothing'}; RAGscope knows mean, cls and last token."
        )
    return modes[0]


def _prefixes(folder: Path) -> tuple[str, str]:
    prompts = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
    query = prompts.get("query") or ""
    passage = prompts.get("passage") or prompts.get("document") or ""
    if query or passage:
        return query, passage
    for part, query, passage in _PREFIXES:
        # a folder of the hub cache is named by its commit; the repository's name stands two levels up
        if any(part in name.lower() for name in (folder.name, *(parent.name for parent in folder.parents[:2]))):
            return query, passage
    return "", ""


def _read(path: Path) -> Any:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(
            f"{path.parent.name}/{path.name} is damaged: {error}. Copy the model's folder again."
        ) from None
