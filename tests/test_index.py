"""The index file: what goes in comes out, changes are whole, damage is told."""

import multiprocessing
import os
import random
import signal
import sqlite3
import time

import numpy as np
import pytest

from rag_core import ChunkSettings, Document, IndexMissing, StoreError, Workbench
from rag_core.embedding.hashing import HashingEmbedder, WordTokenizer
from rag_core.index import FORMAT, Index, text_hash
from rag_core.textmap import TextMapper

MODELS = ("fingerprint", "name", "words-1")


def document(name, text, **more):
    return Document(id=f"id-{name}-{len(text)}", name=name, text=text, size=len(text), **more)


def mapped(each):
    return each, TextMapper(WordTokenizer()).map(each.text)


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "sample.sqlite", create=True)
    yield index
    index.close()


def test_documents_maps_settings_and_vectors_come_back(index):
    notes = document("메모.txt", "한 줄.\r\n\r\n둘째 줄 👩‍🚀", metadata={"pages": [0, 7]}, notes=("decoded as CP949",))
    pair = mapped(notes)
    vector = np.array([0.6, 0.8], np.float32)
    index.add_vectors("fingerprint", [(text_hash("한 줄."), vector, [notes.id])])
    index.commit(add=[pair], defaults=ChunkSettings(128, 16), models=MODELS)
    index.close()
    again = Index(index.path)
    state = again.state
    assert state.documents == (notes,)
    assert state.defaults == ChunkSettings(128, 16)
    assert (state.embedder, state.embedder_name, state.tokenizer) == MODELS
    for field in ("starts", "ends", "tokens", "breaks"):
        np.testing.assert_array_equal(getattr(state.maps[notes.id], field), getattr(pair[1], field))
        assert getattr(state.maps[notes.id], field).dtype == getattr(pair[1], field).dtype
    hashes, vectors = again.vectors("fingerprint")
    assert hashes == [text_hash("한 줄.")]
    np.testing.assert_array_equal(vectors, [vector])
    assert again.vectors("other")[0] == []
    again.close()


def test_removing_a_document_takes_its_vectors_but_not_shared_ones(index):
    a, b = document("a", "own a. shared"), document("b", "own b. shared")
    items = [("own a", [a.id]), ("own b", [b.id]), ("shared", [a.id, b.id])]
    index.add_vectors("e", [(text_hash(text), np.array([1.0, 0.0], np.float32), users) for text, users in items])
    index.commit(add=[mapped(a), mapped(b)], models=MODELS)
    index.commit(remove=[a.id])
    assert [each.name for each in index.documents] == ["b"]
    assert set(index.vectors("e")[0]) == {text_hash("own b"), text_hash("shared")}


def test_a_failed_commit_changes_nothing(index):
    one = document("one", "text one")
    index.commit(add=[mapped(one)], models=MODELS)
    twice = [mapped(document("two", "text")), mapped(document("two", "text"))]
    with pytest.raises(StoreError):
        index.commit(add=twice, remove=[one.id])
    assert index.documents == (one,)
    assert Index(index.path).documents == (one,)


def test_another_connection_sees_a_change_only_when_it_is_whole(index):
    other = Index(index.path)
    assert other.documents == ()
    index.commit(add=[mapped(document(f"d{i}", "some text")) for i in range(5)], models=MODELS)
    before = other.state.version
    assert len(other.documents) == 5
    assert other.state.version == before
    other.close()


def test_a_missing_file_is_told_by_name(tmp_path):
    with pytest.raises(IndexMissing, match="There is no index named 'nothing'"):
        Index(tmp_path / "nothing.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_bytes(b"just some text, longer than a header needs to be" * 10)
    with pytest.raises(StoreError, match=r"notes\.sqlite is damaged"):
        Index(path)
    other = tmp_path / "other.sqlite"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE mine (x)")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match=r"other\.sqlite is not a RAGscope index"):
        Index(other, create=True)


def test_a_newer_format_is_refused(index):
    index.close()
    db = sqlite3.connect(index.path)
    db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()
    with pytest.raises(StoreError, match=rf"made by a newer RAGscope \(format {FORMAT + 1}\)"):
        Index(index.path)


def test_a_flipped_page_is_told_as_damage(index):
    index.commit(add=[mapped(document("long", "word " * 20_000))], models=MODELS)
    index.close()
    raw = bytearray(index.path.read_bytes())
    raw[100:3000] = bytes(2900)
    index.path.write_bytes(raw)
    with pytest.raises(StoreError, match="Others are unharmed"):
        Index(index.path).state  # noqa: B018 - reading is the test


def test_a_locked_file_is_told(index):
    holder = sqlite3.connect(index.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    index._db.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(StoreError, match="is in use by another program"):
        index.commit(defaults=ChunkSettings(64))
    holder.execute("ROLLBACK")
    holder.close()
    index.commit(defaults=ChunkSettings(64))
    assert index.state.defaults == ChunkSettings(64)


def build_more(folder, files):
    """A build in a process of its own, to be killed."""
    bench = Workbench(folder, folder / "models", embedder=SlowEmbedder())
    bench.build("kept", [files])


class SlowEmbedder(HashingEmbedder):
    """Slow enough that a kill can fall between two blocks."""

    def embed_passages(self, texts):
        time.sleep(0.002)
        return super().embed_passages(texts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_random_moments_it_holds_the_old_state_or_the_new(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, count in ((old, 3), (new, 40)):
        folder.mkdir()
        for i in range(count):
            (folder / f"{folder.name}{i}.txt").write_text(f"{folder.name} {i}. " + f"words of text {i} " * 300)
    (new / "old0.txt").write_text("old 0, but changed " * 50)
    before = {f"old{i}.txt" for i in range(3)}
    after = before | {f"new{i}.txt" for i in range(40)}
    context = multiprocessing.get_context("fork")
    seen, rng, longest = set(), random.Random(5), 0.4
    for round_number in range(50):
        indices = tmp_path / f"indices{round_number}"
        Workbench(indices, indices, embedder=HashingEmbedder()).build("kept", [old])
        child = context.Process(target=build_more, args=(indices, new))
        child.start()
        child.join(rng.uniform(0.02, longest))
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        bench = Workbench(indices, indices, embedder=HashingEmbedder())
        names = {row.name for row in bench.documents("kept")}
        assert names in (before, after)
        changed = bench.document("kept", "old0.txt").text.startswith("old 0, but changed")
        assert changed == (names == after)
        assert bench.search("kept", "words of text")
        assert bench.open("kept")._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        bench.close()
        seen.add(len(names))
    assert seen == {len(before), len(after)}, "kills fell only on one side of the commit"
