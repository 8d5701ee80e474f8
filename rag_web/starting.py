"""What happens in the background once the page is up: the sample index on a first start, then the models.

Knows the Workbench and the examples' folder, nothing of gradio.
"""

import threading
from pathlib import Path

from rag_core import RagError, Workbench
from rag_core.types import BuildReport

from .session import Job

SAMPLE = "furniture"
_EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def sample_folders(examples: Path = _EXAMPLES) -> list[Path]:
    """What the sample index is made of; empty where the examples did not come along."""
    return [folder for folder in (examples / SAMPLE, examples / "documents") if folder.is_dir()]


class Starter:
    """Begins once, however many visitors and servers ask for it."""

    def __init__(self, bench: Workbench, examples: Path = _EXAMPLES) -> None:
        self._bench = bench
        self._folders = sample_folders(examples)
        self._lock = threading.Lock()
        self._begun = False
        self.sample: Job[BuildReport] | None = None

    @property
    def documents(self) -> int:
        """How many files the sample has."""
        return sum(1 for folder in self._folders for file in folder.iterdir() if file.is_file())

    def begin(self) -> None:
        """Build the sample if there is no index at all, then load what the first question needs."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            if self._folders and not self._bench.list():
                self.sample = Job(
                    lambda progress, cancel: self._bench.build(SAMPLE, self._folders, progress=progress, cancel=cancel)
                )
        threading.Thread(target=self._warm, daemon=True, name="rag-web-warm").start()

    def _warm(self) -> None:
        try:
            if self.sample:
                self.sample.result()
            self._bench.warm()
        except RagError:
            return  # whoever asks first is told on the page
