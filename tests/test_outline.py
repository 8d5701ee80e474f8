"""Headings that are marked, and only those."""

import doctest

import pytest

from rag_core import outline
from rag_core.outline import headings, paths


def test_the_examples_in_the_module_hold():
    assert doctest.testmod(outline).failed == 0


@pytest.mark.parametrize(
    ("line", "level"),
    [(" = Title = ", 1), (" = = Sub = = ", 2), ("== Sub ==", 2), ("=== Deep ===\r", 3), ("== 제목 ==", 2)],
)
def test_wikitext_headings(line, level):
    text = f"before\n{line}\nafter"
    ((found, start, end),) = headings(text, {})
    assert found == level
    assert text[start:end] == line.strip(" \r")


@pytest.mark.parametrize("line", ["a = b", "== uneven =", "==== Front", "=====", "= =", "x == y == z", "Short line"])
def test_what_only_looks_like_a_heading(line):
    assert headings(f"before\n{line}\nafter", {}) == []


def test_the_formats_own_headings_come_first():
    assert headings("== a ==\nTitle", {"headings": [[1, 8, 13]]}) == [(1, 8, 13)]


def test_paths_follow_the_levels():
    text = "# A\n## B\n### C\n## D\n# E"
    sections = [(0, 0, 0, 0), (1, 1, 0, 3), (2, 2, 4, 8), (3, 3, 9, 14), (4, 2, 15, 19), (5, 1, 20, 23)]
    assert paths(sections, text) == ["", "A", "A > B", "A > B > C", "A > D", "E"]
