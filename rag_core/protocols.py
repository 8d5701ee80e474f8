"""What may be swapped, on one screen. Knows no implementation.

Each Protocol is as small as its callers allow; `tests/contracts/` runs one suite over all implementations of each.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from .settings import AnswerSettings
from .types import Document, FloatArray, IntArray, Message, Progress

OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


@runtime_checkable
class Loader(Protocol):
    """Turns a file's bytes into a Document. Raises LoadError with the reason when it cannot."""

    def load(self, name: str, data: bytes) -> Document: ...


@runtime_checkable
class Tokenizer(Protocol):
    """Counts as the embedder does: no truncation, no padding, special tokens not counted."""

    @property
    def fingerprint(self) -> str:
        """Equal for tokenizers that count alike; a stored text map belongs to one."""
        ...

    @property
    def additive(self) -> bool:
        """Whether a text's count is the sum over its white-space words; if not, every chunk is counted anew."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        ...

    def offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Character range of every token of each text."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Texts to unit vectors. Two methods, since some models want queries and passages prefixed differently."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Equal when two embedders give the same vectors: weights, pooling, prefixes, normalisation."""
        ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """Tokens of a text the model sees, special tokens not counted; the rest of a longer text is cut."""
        ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimensions)."""
        ...

    def embed_query(self, text: str) -> FloatArray:
        """A unit vector, shape (dimensions,)."""
        ...


@runtime_checkable
class VectorStore(Protocol):
    """Unit rows searched by cosine. Knows rows only; what a row means is the index's business."""

    def __len__(self) -> int: ...

    def add(self, rows: FloatArray) -> IntArray:
        """Append rows, shape (n, d); their row numbers."""
        ...

    def rows(self, numbers: IntArray) -> FloatArray:
        """The rows of these numbers, shape (n, d)."""
        ...

    def scores(self, query: FloatArray) -> FloatArray:
        """Cosine of the query, shape (d,), with every row."""
        ...

    def nearest(self, query: FloatArray, count: int) -> IntArray:
        """The numbers of the `count` rows closest to a query, closest first."""
        ...


@runtime_checkable
class LanguageModel(Protocol):
    """A chat model that streams."""

    @property
    def name(self) -> str: ...

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together."""
        ...

    def render(self, messages: Sequence[Message]) -> str:
        """The exact prompt: the messages in the model's own chat template, ready for the answer."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, special tokens in it read as such."""
        ...

    def stream(self, prompt: str, settings: AnswerSettings) -> Iterator[str]:
        """Pieces of the answer; closing the iterator frees the model, even during prompt evaluation.

        The generator's return value is the finish reason, "stop" or "length".
        """
        ...
