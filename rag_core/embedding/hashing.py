"""An embedder without a model: each word is hashed to a direction, a text is the sum of its words.

It finds shared words and nothing else. For tests and for machines without torch. Knows nothing of documents.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from ..types import FloatArray

_WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer:
    """Words and punctuation marks as tokens."""

    fingerprint = "words-1"
    additive = True

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(_WORD.findall(text)) for text in texts]

    def offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Character range of every token of each text."""
        return [[match.span() for match in _WORD.finditer(text)] for text in texts]


class HashingEmbedder:
    """Signed feature hashing (Weinberger et al., 2009), unit length."""

    def __init__(self, dimensions: int = 256) -> None:
        self.dimensions = dimensions
        self.name = f"hashing-{dimensions}"
        self.fingerprint = f"hashing-1-{dimensions}"
        self.max_tokens = 1_000_000
        self.tokenizer = WordTokenizer()

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimensions); a text without words gets the first axis."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                hashed = int.from_bytes(
                    hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
                )
                row[hashed % self.dimensions] += 1 if hashed >> 63 else -1
            if not row.any():
                row[0] = 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def embed_query(self, text: str) -> FloatArray:
        """A unit vector, shape (dimensions,)."""
        row: FloatArray = self.embed_passages([text])[0]
        return row
