"""One suite over every VectorStore: exact cosine, row numbers that stay, bad rows refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.protocols import VectorStore
from rag_core.stores.exact import ExactStore

STORES = {"exact": ExactStore}


@pytest.fixture(params=STORES, name="new_store", scope="module")
def _new_store(request):
    return STORES[request.param]


def unit(rows, dimensions, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_is_a_vector_store(new_store):
    assert isinstance(new_store(4), VectorStore)


def test_an_empty_store_scores_nothing(new_store):
    store = new_store(4)
    assert len(store) == 0
    assert store.scores(unit(1, 4)[0]).shape == (0,)


@given(sizes=st.lists(st.integers(0, 40), max_size=6), seed=st.integers(0, 99))
def test_scores_are_cosines_in_order_of_adding(new_store, sizes, seed):
    store, rows = new_store(8), unit(sum(sizes), 8, seed)
    at = 0
    for size in sizes:
        assert store.add(rows[at : at + size]).tolist() == list(range(at, at + size))
        at += size
    query = unit(1, 8, seed + 1000)[0]
    assert len(store) == len(rows)
    np.testing.assert_allclose(store.scores(query), rows @ query, atol=1e-6)


def test_rows_come_back_as_they_were_added(new_store):
    store, rows = new_store(8), unit(2000, 8)
    store.add(rows[:1500])
    store.add(rows[1500:])
    np.testing.assert_array_equal(store.rows(np.array([3, 1999, 0], np.int32)), rows[[3, 1999, 0]])


@pytest.mark.parametrize("count", [0, 1, 7, 50, 80])
def test_the_nearest_rows_come_closest_first(new_store, count):
    store, rows = new_store(8), unit(50, 8)
    store.add(rows)
    query = unit(1, 8, 5)[0]
    expected = np.argsort(-(rows @ query), kind="stable")[:count]
    np.testing.assert_array_equal(store.nearest(query, count), expected)


@pytest.mark.parametrize("bad", [np.nan, 0.0, 3.0])
def test_rows_that_are_not_unit_vectors_are_refused(new_store, bad):
    store, rows = new_store(4), unit(2, 4)
    rows[1] = bad
    with pytest.raises(ValueError, match="vectors must have length 1"):
        store.add(rows)
    assert len(store) == 0
