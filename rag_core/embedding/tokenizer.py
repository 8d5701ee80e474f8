"""The embedder's own fast tokenizer, read from `tokenizer.json`, as a counter. Knows nothing of vectors or chunks."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ..errors import ModelError

# Mixed on purpose: scripts, digits, punctuation, code, an emoji, runs of spaces, line ends.
_PROBE = """The heater draws 1,500 W; it's 50"W x 6"D (about 3.14 m²).

  벽걸이 전기벽난로를 설치하기 전에 확인하십시오.\r
def f(x):\n\treturn x**2  # naïve café
設置する前に確認してください。 안녕👋🏽 https://example.org/a?b=c&d=e END"""


class FastTokenizer:
    """Counts tokens as the model sees them, but without truncation, padding or special tokens.

    Shipped `tokenizer.json` files often truncate at 128 tokens; read as they are, every text "has" 128 tokens.
    """

    def __init__(self, folder: Path) -> None:
        """Read `folder/tokenizer.json`; ModelError when it is missing or damaged."""
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ModelError(f"{folder.name} has no tokenizer.json. Put the model's complete folder into models/.")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelError(f"{folder.name}/tokenizer.json is damaged: {error}. Copy the folder again.") from error
        if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
            raise ModelError(
                f"{folder.name}/tokenizer.json is not a fast tokenizer. Put a complete folder into models/."
            )
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        for key in ("truncation", "padding"):
            content.pop(key, None)
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")
        self.fingerprint = hashlib.blake2b(canonical, digest_size=8).hexdigest()

    @cached_property
    def additive(self) -> bool:
        """Whether the count of a text is the sum over its white-space words, seen on a probe of mixed text."""
        return sum(self.count(_PROBE.split())) == self.count([_PROBE])[0]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        if len(texts) == 1:  # a batch of one would pay for the threads of a batch
            return [len(self._tokenizer.encode(texts[0], add_special_tokens=False))]
        return [len(e) for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Character range of every token of each text."""
        return [e.offsets for e in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]
