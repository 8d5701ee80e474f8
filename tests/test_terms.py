"""Words for BM25."""

import doctest

import pytest

from rag_core import terms as module
from rag_core.terms import stem, terms


def test_the_examples_in_the_module_hold():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flame", "flames"),
        ("study", "studies"),
        ("box", "boxes"),
        ("stop", "stopped"),
        ("heat", "heating"),
        ("quick", "quickly"),
    ],
)
def test_forms_of_a_word_meet(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize("word", ["bus", "this", "glass", "red", "sing", "ent", "4001", "naïve"])
def test_what_is_no_ending_stays(word):
    assert stem(word) == word


def test_korean_words_meet_whatever_particle_they_carry():
    assert set(terms("벽난로")) <= set(terms("벽난로를"))
    assert terms("한글") == terms("\u1112\u1161\u11ab\u1100\u1173\u11af")  # composed and decomposed


def test_scripts_in_one_word_are_parted():
    assert terms("LED불꽃v2") == ["led", "불", "꽃", "불꽃", "v2"]
    assert terms("設置") == ["設", "置", "設置"]


def test_stop_words_and_signs_leave_nothing():
    assert terms("What is it? — !!") == []
