"""Which number format embeds fastest here without changing what is found: measured once, then remembered in a file.

bfloat16 halves the work on processors that multiply it natively and makes others slower, so it is tried, not guessed.
Knows nothing of texts, indices or recipes.
"""

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

LEAST_COSINE = 0.999
_LEAST_GAIN = 1.2  # below it the difference is noise
_ROWS, _TOKENS, _ROUNDS = 4, 96, 3

Forward = Callable[[Any, "torch.Tensor", "torch.Tensor"], "torch.Tensor"]  # model, ids, mask → unit rows


def quickest(model: Any, forward: Forward, vocabulary: int, memory: Path | None) -> Any:
    """The model in bfloat16 if that is faster here and gives the same vectors, else as it is (float32).

    `memory` is a JSON file of earlier results; None, or one that cannot be written, measures each time.
    """
    import copy

    import torch

    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return model
    key = f"{platform.processor() or platform.machine()} {torch.__version__} {model.config.hidden_size}"
    known = _read(memory)
    if known.get(key) == "float32":
        return model
    half = copy.deepcopy(model).to(torch.bfloat16)
    if key not in known:
        wins = _wins(model, half, forward, vocabulary)
        _write(memory, known | {key: "bfloat16" if wins else "float32"})
        return half if wins else model
    return half


def _wins(model: Any, half: Any, forward: Forward, vocabulary: int) -> bool:
    import torch

    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(vocabulary // 4, vocabulary // 2, (_ROWS, _TOKENS), generator=generator)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        same = (forward(model, ids, mask) * forward(half, ids, mask)).sum(1).min()
        seconds = {id(each): min(_seconds(each, forward, ids, mask) for _ in range(_ROUNDS)) for each in (model, half)}
    return bool(same >= LEAST_COSINE) and seconds[id(model)] >= _LEAST_GAIN * seconds[id(half)]


def _seconds(model: Any, forward: Forward, ids: "torch.Tensor", mask: "torch.Tensor") -> float:
    began = time.perf_counter()
    forward(model, ids, mask)
    return time.perf_counter() - began


def _read(memory: Path | None) -> dict[str, str]:
    try:
        content = json.loads(memory.read_text(encoding="utf-8")) if memory else {}
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(memory: Path | None, content: dict[str, str]) -> None:
    if memory is None or not memory.parent.is_dir():
        return
    try:
        memory.write_text(json.dumps(content), encoding="utf-8")
    except OSError:
        return  # a folder that cannot be written only costs the measurement at the next start
