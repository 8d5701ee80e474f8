"""What the measurements share: the installed embedder's folder, interleaved timing, one JSON line at the end."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rag_core.models import find_embedder


def embedder_folder() -> Path:
    """The default embedder."""
    return find_embedder(Path("models"), None)[0]


def once(task: Callable[[], Any]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def interleaved(tasks: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median seconds of each task, all tasks in every round: a busy machine slows them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            seconds[name].append(once(task))
    return {name: statistics.median(values) for name, values in seconds.items()}


def finish(result: Mapping[str, Any]) -> None:
    """The one JSON line."""
    print(json.dumps(result, ensure_ascii=False))
