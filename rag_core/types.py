"""The nouns of the walk: frozen dataclasses over the standard library and numpy arrays.

Knows nothing of files, models, SQL or the page. Offsets everywhere count characters of `Document.text`, which is
kept as it was read, without newline translation; `text[start:end]` always *is* the passage.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

# How good a place the end of a piece is for a cut. Larger is better.
BREAK_INNER, BREAK_WORD, BREAK_SENTENCE, BREAK_LINE, BREAK_PARAGRAPH = range(5)


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text.

    `id` is a hash of the file's bytes: same bytes, same id. `metadata` is JSON: "pages" (start offsets, PDF),
    "slides", "sheets" ([name, start]), "headings" ([level, start, end]), "encoding", "subject", "sender".
    `notes` are sentences for the person ("decoded as CP949", "read 11 of 12 pages; page 7 has no text").
    """

    id: str
    name: str
    text: str
    media_type: str = "text/plain"
    size: int = 0  # bytes of the file
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why, in words."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextMap:
    """Where a document may be cut and what each stretch costs; made once, for every chunk_size.

    The text is a row of n *pieces*: words without the white space around them; a word of many tokens is several
    pieces, none of which splits a grapheme. `starts`, `ends`: offsets, shape (n,). `tokens`: tokens before each
    piece, shape (n + 1,). `breaks`: how good a cut after each piece is (BREAK_*), shape (n,). `sections`, shape (s, 4):
    the first piece of each section, its level (0 before the first heading), and the start and end of its title.
    """

    starts: IntArray
    ends: IntArray
    tokens: IntArray
    breaks: ByteArray
    sections: IntArray

    @property
    def total(self) -> int:
        """Tokens of the whole document, special tokens not counted."""
        return int(self.tokens[-1])

    @property
    def sentences(self) -> int:
        """How many sentences the document has."""
        return int(np.count_nonzero(self.breaks >= BREAK_SENTENCE))


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text[start:end]` of one document; `tokens` is the embedder's count of that text."""

    document_id: str
    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. Higher `score` is closer, always.

    `score` is what the hits are ranked by; `dense` is the raw cosine (-1 to 1) and `keyword` the raw BM25 score,
    None where the recipe does not use them. `document` is the document's name; `section` the headings above the
    passage, `page` its page where the format has pages. `anchor`: offsets of the sentence that earned the score.
    `copies`: how often that text stands in the index; it is retrieved once. `dense_share`: which part of `score` the
    vectors gave, the rest the words.
    """

    rank: int
    score: float
    document: str
    document_id: str
    start: int
    end: int
    tokens: int
    text: str
    dense: float | None = None
    keyword: float | None = None
    section: str = ""
    page: int | None = None
    anchor: tuple[int, int] | None = None
    copies: int = 1
    dense_share: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """The keys that the shell and REST give."""
        keys = ("rank", "score", "dense", "keyword", "document", "start", "end", "tokens", "text")
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A hit that is not in the prompt, and why."""

    hit: Hit
    reason: str


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """Where the context window goes, in tokens of the chat model."""

    system: int = 0
    passages: int = 0
    history: int = 0
    question: int = 0
    answer: int = 0  # kept free for the answer
    context: int = 0  # the whole window

    @property
    def total(self) -> int:
        """Tokens of the prompt itself."""
        return self.system + self.passages + self.history + self.question


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model gets: `text` byte for byte, `messages` before the chat template is applied."""

    messages: tuple[Message, ...]
    text: str
    tokens: PromptTokens
    used: tuple[Hit, ...] = ()
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """`document_text[start:end]` supports the answer; `passage` is the 1-based number of a used hit."""

    passage: int
    document: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: until the first token, and for the whole answer."""

    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A snapshot of an answer as it grows; the last one has a `finish_reason`.

    `finish_reason` is "" while it grows, then "stop", "length", "stopped" (by the person) or "not_found".
    `quoted` says that the text is quoted from the documents, not written by a model; `note` says why.
    """

    text: str
    model: str
    prompt: Prompt
    citations: tuple[Citation, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    timings: Timings = field(default_factory=Timings)
    quoted: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. `rate` is `done` per second; `seconds_left` is None until it can be told."""

    stage: str  # "reading", "mapping", "embedding", "saving"
    done: int
    total: int
    name: str = ""
    rate: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One row of an index's table of documents, at some chunk settings."""

    id: str
    name: str
    size: int
    characters: int
    tokens: int
    sentences: int
    chunks: int
    media_type: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """One index on the shelf."""

    name: str
    documents: int
    sentences: int
    tokens: int
    vectors: int
    embedder: str
    size: int  # bytes on disk
    problem: str = ""  # why it cannot be opened


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `embedded` texts were new; `reused` texts had their vector already."""

    index: str
    documents: int  # in the index now
    units: int  # chunks at the index's default settings
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Missing:
    """Chunks of a cut that have no vector yet, and what it would take to make them."""

    chunks: int  # of the cut
    missing: int
    tokens: int  # of the missing ones
    seconds: float  # estimate


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be chosen. `kind` is "embedder" or "chat"; `problem` is "" when it can be loaded."""

    name: str
    kind: str
    path: str
    size: int  # bytes
    origin: str  # "models folder", "installed package", "hub cache"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One search that was made: what was asked at which settings, and where the hits lay.

    `places`: (rank, position of the hit's anchor among all sentences of the index, 0 to 1). `at`: seconds since 1970.
    """

    query: str
    settings: Mapping[str, Any]  # of SearchSettings
    places: tuple[tuple[int, float], ...]
    tokens: int
    seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class Heat:
    """The field over one document: sentence by sentence its offsets and score, and which of five steps it takes.

    `steps`: 0 below the visible; 5 the strongest of the whole index.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    scores: tuple[float, ...]
    steps: tuple[int, ...]
