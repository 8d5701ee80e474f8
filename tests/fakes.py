"""Stand-ins for models: a chat model that says what it was told to, and small files that look like models."""

import re
import struct
from collections.abc import Generator, Sequence
from pathlib import Path

from rag_core.errors import ModelError
from rag_core.llms.templates import Neutraliser
from rag_core.settings import AnswerSettings
from rag_core.types import Message

_TOKEN = re.compile(r"<\|\w+\|>|\w+|[^\w\s]")


class FakeChat:
    """A LanguageModel whose tokens are words, control markers and signs.

    Streams `pieces` whatever it is asked, at most `max_tokens` of them. With `fails_after`, raises ModelError after
    so many. `prompts` and `settings` remember what it got; `closed` counts streams that were closed before their end.
    """

    def __init__(
        self,
        pieces: Sequence[str] = ("It ", "is ", "so ", "[1]."),
        *,
        name: str = "fake-chat",
        context: int = 2048,
        parameters: int = 0,
        fails_after: int | None = None,
    ) -> None:
        self.name = name
        self.context = context
        self.parameters = parameters
        self.pieces = list(pieces)
        self.fails_after = fails_after
        self.prompts: list[str] = []
        self.settings: list[AnswerSettings] = []
        self.closed = 0
        self._neutral = Neutraliser([])

    def render(self, messages: Sequence[Message]) -> str:
        said = "".join(f"<|im_start|>{m.role}\n{self._neutral(m.content)}<|im_end|>\n" for m in messages)
        return f"{said}<|im_start|>assistant\n"

    def count(self, text: str) -> int:
        return len(_TOKEN.findall(text))

    def stream(self, prompt: str, settings: AnswerSettings) -> Generator[str, None, str]:
        self.prompts.append(prompt)
        self.settings.append(settings)
        try:
            for number, piece in enumerate(self.pieces):
                if number == self.fails_after:
                    raise ModelError(f"{self.name} stopped with an error.")
                if number == settings.max_tokens:
                    return "length"
                yield piece
        except GeneratorExit:
            self.closed += 1
            raise
        return "stop"


def write_gguf(
    path: Path,
    *,
    architecture: str = "llama",
    version: int = 3,
    pairs: dict[str, int | str] | None = None,
    tokens: Sequence[str] = ("a", "b"),
    missing: int = 0,
) -> Path:
    """A GGUF file of one small tensor, `missing` bytes short at its end. No model, but it looks like one."""

    def string(text: str) -> bytes:
        data = text.encode()
        return struct.pack("<Q", len(data)) + data

    metadata: dict[str, int | str] = {
        "general.architecture": architecture,
        f"{architecture}.context_length": 512,
        **(pairs or {}),
    }
    body = b""
    for key, value in metadata.items():
        packed = struct.pack("<II", 4, value) if isinstance(value, int) else struct.pack("<I", 8) + string(value)
        body += string(key) + packed
    body += string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(string, tokens))
    body += string("output.weight") + struct.pack("<IQQIQ", 2, 32, 2, 0, 0)
    header = b"GGUF" + struct.pack("<IQQ", version, 1, len(metadata) + 1) + body
    header += b"\0" * (-len(header) % 32)
    data = header + b"\0" * (32 * 2 * 4)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data[: len(data) - missing])
    return path


def write_embedder(folder: Path, *, weights: str = "model.safetensors", tokenizer: bool = True) -> Path:
    """A folder that looks like an embedding model's."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    if tokenizer:
        (folder / "tokenizer.json").write_text("{}")
    if weights:
        (folder / weights).write_bytes(struct.pack("<Q", 2) + b"{}")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder
