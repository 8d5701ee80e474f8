"""Which terms stand in which sentence, for many sentences: each distinct word is analysed once, the rest is gathering.

Knows nothing of scores, documents or where sentences come from.
"""

import numpy as np
import numpy.typing as npt

from .bm25 import Postings
from .numbering import Numbering
from .terms import terms
from .types import IntArray

Ints = npt.NDArray[np.int64]


class TermCounter:
    """Collects occurrences text by text, then makes postings of them."""

    def __init__(self) -> None:
        self._words = Numbering()
        self._vocabulary = Numbering()
        self._word_terms = Grown()  # all words' terms, one word after another
        self._many = Grown()  # terms of each word
        self._first = Grown()  # where each word's begin
        self._found: list[tuple[Ints, Ints, float]] = []  # (terms, rows, weight)

    def add(self, text: str, starts: IntArray, ends: IntArray, first: int) -> None:
        """The terms of each stretch `starts[i] … ends[i]` of a text, counted for row `first + i`."""
        if not len(starts):
            return
        if (starts[1:] == ends[:-1]).any():  # a word may reach over the edge: read each stretch by itself
            slices = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        else:
            slices = [text]
        words = [piece.split() for piece in slices]
        if len(slices) == 1:
            at = _word_starts(text, words[0])
            rows = np.searchsorted(starts, at, "right") - 1
        else:
            rows = np.repeat(np.arange(len(slices)), list(map(len, words)))
        self._count([word for piece in words for word in piece], first + rows, 1.0)

    def add_to_all(self, text: str, rows: Ints, weight: float) -> None:
        """The terms of a text, counted for each of many rows."""
        numbers = [self._vocabulary[term] for term in terms(text)]
        self._found.append((np.tile(numbers, len(rows)).astype(np.int64), np.repeat(rows, len(numbers)), weight))

    def postings(self, rows: int) -> Postings:
        """What was counted, for sentences 0 … rows - 1."""
        if not self._found:
            empty = np.zeros(0, np.int64)
            return Postings.of(self._vocabulary, empty, empty, np.zeros(0, np.float32), rows)
        numbers = np.concatenate([found[0] for found in self._found])
        where = np.concatenate([found[1] for found in self._found])
        weights = np.concatenate([np.full(len(found[0]), found[2], np.float32) for found in self._found])
        return Postings.of(self._vocabulary, numbers, where, weights, rows)

    def _count(self, words: list[str], rows: Ints, weight: float) -> None:
        numbers = np.fromiter(map(self._words.__getitem__, words), np.int64, len(words))
        self._learn()
        many = self._many.values[numbers]
        offsets = np.cumsum(many) - many
        within = np.arange(int(many.sum())) - np.repeat(offsets, many)
        found = self._word_terms.values[np.repeat(self._first.values[numbers], many) + within]
        self._found.append((found, np.repeat(rows, many), weight))

    def _learn(self) -> None:
        if not self._words.fresh:
            return
        fresh = [[self._vocabulary[term] for term in terms(word)] for word in self._words.fresh]
        many = np.fromiter(map(len, fresh), np.int64, len(fresh))
        self._first.extend(len(self._word_terms.values) + np.cumsum(many) - many)
        self._many.extend(many)
        self._word_terms.extend(np.array([number for numbers in fresh for number in numbers], np.int64))
        self._words.fresh = []


class Grown:
    """An array of whole numbers that grows by doubling, so that adding little by little stays linear."""

    def __init__(self) -> None:
        self._room = np.empty(1024, np.int64)
        self._filled = 0

    @property
    def values(self) -> Ints:
        """What was added."""
        return self._room[: self._filled]

    def extend(self, more: Ints) -> None:
        """Add at the end."""
        end = self._filled + len(more)
        if end > len(self._room):
            self._room = np.concatenate([self.values, np.empty(max(end, 2 * len(self._room)) - self._filled, np.int64)])
        self._room[self._filled : end] = more
        self._filled = end


def _word_starts(text: str, words: list[str]) -> Ints:
    """Where each of a text's white-space words begins."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    solid = np.zeros(len(codes) + 1, bool)
    solid[1:] = ~_SPACES[np.minimum(codes, len(_SPACES) - 1)]
    starts = np.flatnonzero(solid[1:] & ~solid[:-1])
    if len(starts) != len(words):
        raise ValueError("white space is not what str.split takes it for")
    return starts


_SPACES = np.array([chr(code).isspace() for code in range(0x3001)] + [False])
