"""The folder of indices: names, creating, listing, deleting."""

import pytest

from rag_core import ChunkSettings, IndexMissing, SettingError, StoreError
from rag_core.shelf import Shelf, checked_name


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path / "indices")
    yield shelf
    shelf.close()


@pytest.mark.parametrize("name", ["furniture", "계약서 2026", "a.b-c_d (1)", "x" * 64, "  padded  "])
def test_plain_names_are_taken(name):
    assert checked_name(name) == name.strip()


@pytest.mark.parametrize(
    "name", ["", "  ", "../x", "a/b", "a\\b", ".hidden", "x" * 65, "CON", "nul.txt", "dot.", "a\nb", "😀", None, 7]
)
def test_names_that_cannot_be_files_are_refused(name):
    with pytest.raises(SettingError, match="cannot name an index"):
        checked_name(name)


def test_an_empty_shelf_lists_nothing_and_makes_no_folder(shelf):
    assert shelf.names() == []
    assert not shelf.folder.exists()


def test_opening_what_is_not_there_says_what_is(shelf):
    with pytest.raises(IndexMissing, match="There is no index named 'x'. There are: none yet"):
        shelf.open("x")
    shelf.open("contracts", create=True).commit(defaults=ChunkSettings())
    with pytest.raises(IndexMissing, match="There are: contracts"):
        shelf.open("x")


def test_an_index_never_saved_is_not_listed(shelf):
    shelf.open("begun", create=True)
    assert shelf.names() == []
    with pytest.raises(IndexMissing):
        shelf.open("begun")
    shelf.open("begun", create=True).commit()
    assert shelf.names() == ["begun"]


def test_deleting_moves_to_the_trash_and_frees_the_name(shelf):
    shelf.open("old", create=True).commit()
    target = shelf.delete("old")
    assert shelf.names() == []
    assert target.is_file() and target.parent.name == ".trash"
    shelf.open("old", create=True).commit()
    assert shelf.delete("old") != target


def test_a_file_deleted_from_outside_is_gone(shelf):
    index = shelf.open("gone", create=True)
    index.commit()
    index.path.unlink()
    with pytest.raises(IndexMissing):
        shelf.open("gone")


def test_a_damaged_index_is_listed_and_the_others_open(shelf):
    shelf.open("good", create=True).commit()
    (shelf.folder / "bad.sqlite").write_bytes(b"x" * 5000)
    assert shelf.names() == ["bad", "good"]
    assert shelf.open("good").documents == ()
    with pytest.raises(StoreError, match=r"bad\.sqlite is damaged"):
        shelf.open("bad")
