"""The knobs, their ranges, and where the folders are. Sliders, shell and REST read the same numbers.

The only place in the core that looks at the environment. Knows nothing of how a setting is shown.
"""

import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from .errors import SettingError

MODES: tuple[str, ...] = ("field", "chunks", "dense", "keyword")
MAX_QUERY_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Range:
    """What the core accepts (low to high), and what a slider shows of it."""

    name: str
    low: float
    high: float
    default: float
    slider_low: float
    slider_high: float
    step: float = 1
    unit: str = ""


CHUNK_SIZE = Range("chunk_size", 8, 4096, 200, 32, 1024, 1, "tokens")
CHUNK_OVERLAP = Range("chunk_overlap", 0, 4095, 0, 0, 128, 1, "tokens")
TOP_K = Range("top_k", 1, 1000, 5, 1, 20, 1, "passages")
WEIGHT = Range("weight", 0, 1, 0.6, 0, 1, 0.05)
FLOOR = Range("floor", 0, 1, 0.85, 0, 1, 0.01)
STOP = Range("stop", 0, 1, 0, 0, 0.95, 0.05)
TOKEN_BUDGET = Range("token_budget", 1, 1_000_000, 1000, 100, 4000, 50, "tokens")
MIN_COSINE = Range("min_cosine", -1, 1, 0.3, 0, 1, 0.01)
MAX_TOKENS = Range("max_tokens", 1, 8192, 256, 16, 1024, 1, "tokens")
TEMPERATURE = Range("temperature", 0, 2, 0.1, 0, 1.5, 0.05)
TOP_P = Range("top_p", 0, 1, 0.95, 0, 1, 0.01)
REPEAT_PENALTY = Range("repeat_penalty", 0.5, 2, 1.1, 1, 1.5, 0.01)
CONTEXT = Range("n_ctx", 256, 131_072, 2048, 512, 32_768, 256, "tokens")


def whole_number(spec: Range, value: Any) -> int:
    """`value` as an int within the range; SettingError names the setting, the value and the range."""
    if not _is_number(value) or value != int(value):
        raise SettingError(f"{spec.name} must be a whole number, not {value!r}. Choose {spec.low:g} to {spec.high:g}.")
    return int(number(spec, value))


def number(spec: Range, value: Any) -> float:
    """`value` as a float within the range; SettingError names the setting, the value and the range."""
    if not _is_number(value):
        raise SettingError(f"{spec.name} must be a number, not {value!r}. Choose {spec.low:g} to {spec.high:g}.")
    if not spec.low <= value <= spec.high:
        raise SettingError(f"{spec.name} {value:g} is outside {spec.low:g} to {spec.high:g}.")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How a document is cut. Sizes in the embedder's tokens.

    `paragraph_separator` (a literal) and `secondary_chunking_regex` (ends of its matches count as sentence ends)
    are the article's two knobs for texts with unusual structure; None means blank lines and the built-in sentence
    rules. Nothing is ever deleted at a separator, and a cut stays between words.
    """

    chunk_size: int = int(CHUNK_SIZE.default)
    chunk_overlap: int = int(CHUNK_OVERLAP.default)
    paragraph_separator: str | None = None
    secondary_chunking_regex: str | None = None

    def __post_init__(self) -> None:
        size = whole_number(CHUNK_SIZE, self.chunk_size)
        overlap = whole_number(CHUNK_OVERLAP, self.chunk_overlap)
        if overlap >= size:
            raise SettingError(
                f"chunk_overlap {overlap} is not below chunk_size {size}. Set chunk_overlap to at most {size - 1}."
            )
        object.__setattr__(self, "chunk_size", size)
        object.__setattr__(self, "chunk_overlap", overlap)
        if self.paragraph_separator == "":
            raise SettingError("paragraph_separator is empty. Give the text that parts paragraphs, or leave it out.")
        if self.secondary_chunking_regex is not None:
            try:
                re.compile(self.secondary_chunking_regex)
            except re.error as error:
                raise SettingError(
                    f"secondary_chunking_regex {self.secondary_chunking_regex!r} is not a regular expression: {error}."
                ) from None


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What a question is answered with. `chunk_size` and `chunk_overlap` None: the index's default.

    `mode`: "field" passages grown around the best sentences, "chunks" the fixed partition scored by the field, "dense"
    by each chunk's own cosine, "keyword" by BM25. `weight`: the field's dense share, the rest is keyword. `floor`: a
    passage grows onto sentences of at least this share of its beginning's score. The list ends before a score below
    `stop` times the best, before `token_budget` is overspent, and without passages of a raw cosine below `min_cosine`.
    `documents`: names to search in; None for all.
    """

    top_k: int = int(TOP_K.default)
    mode: str = "field"
    chunk_size: int | None = None
    chunk_overlap: int | None = None
    weight: float = WEIGHT.default
    floor: float = FLOOR.default
    stop: float = STOP.default
    token_budget: int | None = None
    min_cosine: float | None = None
    documents: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_k", whole_number(TOP_K, self.top_k))
        if self.mode not in MODES:
            raise SettingError(f"mode {self.mode!r} is not one of: {', '.join(MODES)}.")
        for spec in (WEIGHT, FLOOR, STOP):
            object.__setattr__(self, spec.name, number(spec, getattr(self, spec.name)))
        if self.token_budget is not None:
            object.__setattr__(self, "token_budget", whole_number(TOKEN_BUDGET, self.token_budget))
        if self.min_cosine is not None:
            object.__setattr__(self, "min_cosine", number(MIN_COSINE, self.min_cosine))

    def chunking(self, default: ChunkSettings) -> ChunkSettings:
        """The cut to search in: the index's default where nothing else is said."""
        size = default.chunk_size if self.chunk_size is None else self.chunk_size
        overlap = default.chunk_overlap if self.chunk_overlap is None else self.chunk_overlap
        if self.chunk_overlap is None and isinstance(size, int) and overlap >= size:
            overlap = 0  # an overlap nobody asked for must not refuse a size somebody did
        return replace(default, chunk_size=size, chunk_overlap=overlap)


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Sampling. The defaults keep a small model near its passages."""

    max_tokens: int = int(MAX_TOKENS.default)
    temperature: float = TEMPERATURE.default
    top_p: float = TOP_P.default
    repeat_penalty: float = REPEAT_PENALTY.default
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_tokens", whole_number(MAX_TOKENS, self.max_tokens))
        for spec in (TEMPERATURE, TOP_P, REPEAT_PENALTY):
            object.__setattr__(self, spec.name, number(spec, getattr(self, spec.name)))
        object.__setattr__(self, "seed", whole_number(Range("seed", 0, 2**31 - 1, 0, 0, 0), self.seed))


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which models, and how the chat model is loaded. None: the first that is found, the installed one included.

    `embedder`: a folder, a folder's name in models/, or a hub repo id. `chat`: a GGUF file or its name in models/.
    `threads` None: half the hardware threads, at least one, so that embedding beside it is not starved.
    """

    embedder: str | None = None
    chat: str | None = None
    n_ctx: int = int(CONTEXT.default)
    n_gpu_layers: int = 0
    threads: int | None = None
    allow_download: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_ctx", whole_number(CONTEXT, self.n_ctx))
        whole_number(Range("n_gpu_layers", -1, 10_000, 0, 0, 100), self.n_gpu_layers)
        if self.threads is not None:
            whole_number(Range("threads", 1, 1024, 1, 1, 64), self.threads)

    @classmethod
    def from_env(cls) -> Self:
        """RAGSCOPE_EMBEDDER, RAGSCOPE_CHAT, RAGSCOPE_N_CTX, RAGSCOPE_GPU_LAYERS, RAGSCOPE_THREADS."""

        def integer(name: str, default: int | None) -> int | None:
            raw = os.environ.get(name, "")
            try:
                return int(raw) if raw else default
            except ValueError:
                raise SettingError(f"{name}={raw!r} is not a whole number.") from None

        return cls(
            embedder=os.environ.get("RAGSCOPE_EMBEDDER") or None,
            chat=os.environ.get("RAGSCOPE_CHAT") or None,
            n_ctx=integer("RAGSCOPE_N_CTX", int(CONTEXT.default)) or 0,
            n_gpu_layers=integer("RAGSCOPE_GPU_LAYERS", 0) or 0,
            threads=integer("RAGSCOPE_THREADS", None),
        )


def default_folders() -> tuple[Path, Path]:
    """indices/ and models/ beside app.py, or RAGSCOPE_INDICES and RAGSCOPE_MODELS."""
    root = Path(__file__).resolve().parent.parent
    return (
        Path(os.environ.get("RAGSCOPE_INDICES") or root / "indices"),
        Path(os.environ.get("RAGSCOPE_MODELS") or root / "models"),
    )
