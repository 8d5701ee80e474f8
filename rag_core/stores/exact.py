"""Exact cosine search over one contiguous float32 matrix. Knows rows, not what they mean."""

import numpy as np

from ..types import FloatArray, IntArray


class ExactStore:
    """Unit rows in memory. Adding may run beside searching: a search sees the rows there were when it began."""

    def __init__(self, dimensions: int) -> None:
        self._matrix = np.empty((0, dimensions), np.float32)
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    def add(self, rows: FloatArray) -> IntArray:
        """Append unit rows, shape (n, d); their row numbers. ValueError for rows that are not finite unit vectors."""
        rows = np.ascontiguousarray(rows, np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        if not np.allclose(lengths, 1, atol=1e-3):  # also false for nan
            raise ValueError("vectors must have length 1")
        begin, end = self._filled, self._filled + len(rows)
        if end > len(self._matrix):
            grown = np.empty((max(end, 2 * len(self._matrix), 1024), self._matrix.shape[1]), np.float32)
            grown[:begin] = self._matrix[:begin]
            self._matrix = grown  # one reference swapped: a search that holds the old matrix goes on with it
        self._matrix[begin:end] = rows
        self._filled = end
        return np.arange(begin, end, dtype=np.int32)

    def rows(self, numbers: IntArray) -> FloatArray:
        """The rows of these numbers, shape (n, d)."""
        return self._matrix[numbers]

    def scores(self, query: FloatArray) -> FloatArray:
        """Cosine of a unit query, shape (d,), with every row, shape (n,)."""
        filled = self._filled
        scores: FloatArray = self._matrix[:filled] @ np.asarray(query, np.float32)
        return scores

    def nearest(self, query: FloatArray, count: int) -> IntArray:
        """The numbers of the `count` rows closest to a unit query, closest first."""
        scores = self.scores(query)
        count = min(count, len(scores))
        best = np.argpartition(scores, len(scores) - count)[len(scores) - count :] if count else np.zeros(0, np.int64)
        return best[np.argsort(-scores[best], kind="stable")].astype(np.int32)
