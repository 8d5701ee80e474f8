"""BM25 over windows of sentences, for any windows, from one set of postings.

    Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 = 1.2, b = 0.75 and
    idf = ln(1 + (N - df + 0.5) / (df + 0.5)); N and df count windows, a window's length is its number of terms.

Only what a question's terms touch is computed: a window without any of them scores 0. Knows nothing of documents,
vectors or passages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .types import FloatArray

K1, B = 1.2, 0.75
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Postings:
    """Which sentences hold a term, and how often: for term t, `rows[at[t]:at[t + 1]]` ascending, with `counts`.

    `vocabulary`: term → t. `lengths`: terms of each sentence, shape (n,).
    """

    vocabulary: dict[str, int]
    at: Ints
    rows: Ints
    counts: FloatArray
    lengths: FloatArray

    @classmethod
    def of(cls, vocabulary: dict[str, int], terms: Ints, rows: Ints, weights: FloatArray, sentences: int) -> "Postings":
        """From occurrences: term `terms[i]` in sentence `rows[i]`, counting `weights[i]`; all of one shape."""
        lengths = np.bincount(rows, weights, sentences).astype(np.float32)
        keys, inverse = np.unique(terms * max(sentences, 1) + rows, return_inverse=True)
        counts = np.bincount(inverse, weights, len(keys)).astype(np.float32)
        owners, rows = np.divmod(keys, max(sentences, 1))
        at = np.searchsorted(owners, np.arange(len(vocabulary) + 1))
        return cls(vocabulary, at, rows, counts, lengths)

    def term(self, word: str) -> tuple[Ints, FloatArray] | None:
        """(rows, counts) of a term; None when no sentence has it."""
        t = self.vocabulary.get(word)
        if t is None:
            return None
        return self.rows[self.at[t] : self.at[t + 1]], self.counts[self.at[t] : self.at[t + 1]]


class Windows:
    """Windows [low, high) of sentences, both ascending, scored for lists of terms."""

    def __init__(self, postings: Postings, low: Ints, high: Ints) -> None:
        self._postings = postings
        total = np.concatenate([[0.0], np.cumsum(postings.lengths, dtype=np.float64)])
        lengths = total[high] - total[low]
        self._norm = (
            (K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1e-9))).astype(np.float32) if len(low) else lengths
        )
        self.count = len(low)
        rows = np.arange(len(postings.lengths))
        # sentence j lies in the windows from _enter[j] up to before _leave[j]
        self._enter = np.searchsorted(high, rows, "right")
        self._leave = np.searchsorted(low, rows, "right")

    def scores(self, terms: Sequence[str]) -> FloatArray:
        """BM25 of every window, shape (windows,)."""
        scores = np.zeros(self.count, np.float32)
        for word in dict.fromkeys(terms):
            found = self._postings.term(word)
            if found is not None:
                windows, frequency = self._frequencies(*found)
                if len(windows):
                    idf = np.float32(np.log(1 + (self.count - len(windows) + 0.5) / (len(windows) + 0.5)))
                    scores[windows] += idf * (K1 + 1) * frequency / (frequency + self._norm[windows])
        return scores

    def _frequencies(self, rows: Ints, counts: FloatArray) -> tuple[Ints, FloatArray]:
        """The windows a term occurs in, and how often: each posting adds to the stretch of windows that hold it."""
        enter, leave = self._enter[rows], self._leave[rows]
        steps = np.concatenate([enter, leave])
        order = np.argsort(steps, kind="stable")
        edges = steps[order]
        height = np.cumsum(np.concatenate([counts, -counts])[order])
        widths = np.diff(edges)
        held = np.flatnonzero((widths > 0) & (height[:-1] > 1e-4))
        widths = widths[held]
        offsets = np.cumsum(widths) - widths
        windows = np.arange(int(widths.sum())) + np.repeat(edges[held] - offsets, widths)
        return windows, np.repeat(height[held], widths).astype(np.float32)
