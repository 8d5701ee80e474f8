"""The facade: adding, changing, removing, cutting at any size, reuse, another embedder, exchange."""

import json
import threading

import pytest

from rag_core import (
    Cancelled,
    ChunkSettings,
    IndexMismatch,
    IndexMissing,
    LoadError,
    ModelError,
    SearchSettings,
    SettingError,
    StoreError,
    Workbench,
)
from rag_core.embedding.hashing import HashingEmbedder

PARAGRAPHS = [
    f"Paragraph {i} tells about topic{i}. " + f"It goes on with words{i} for a while. " * 4 for i in range(12)
]


class CountingEmbedder(HashingEmbedder):
    """Knows how many texts it was given."""

    embedded = 0

    def embed_passages(self, texts):
        self.embedded += len(texts)
        return super().embed_passages(texts)

    def embed_query(self, text):
        return super().embed_passages([text])[0]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "long.txt").write_text("\n\n".join(PARAGRAPHS))
    (folder / "short.md").write_text("# Title\n\nOne short text about sofas.")
    (folder / "한글.txt").write_bytes("전기벽난로는 벽에 겁니다. 난방 없이 켤 수 있습니다.".encode("cp949"))
    return folder


@pytest.fixture
def embedder():
    return CountingEmbedder()


@pytest.fixture
def bench(tmp_path, embedder):
    bench = Workbench(tmp_path / "indices", tmp_path / "models", embedder=embedder)
    yield bench
    bench.close()


def test_a_build_reports_what_it_read(bench, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    (folder / "empty.txt").write_text("")
    report = bench.build("mine", [folder], ChunkSettings(64))
    assert sorted(report.added) == ["long.txt", "short.md", "한글.txt"]
    assert {skipped.name for skipped in report.skipped} == {"broken.pdf", "empty.txt"}
    assert all(skipped.reason for skipped in report.skipped)
    assert report.documents == 3
    assert 3 <= report.units < sum(row.chunks for row in bench.documents("mine", ChunkSettings(16)))
    assert report.embedded == report.units and report.reused == 0
    info = bench.info("mine")
    assert (info.name, info.documents, info.vectors) == ("mine", 3, report.embedded)
    assert info.tokens == sum(row.tokens for row in bench.documents("mine")) > 0
    assert [each.name for each in bench.list()] == ["mine"]
    korean = next(row for row in bench.documents("mine") if row.name == "한글.txt")
    assert "CP949" in korean.notes[0]


def test_adding_the_same_files_again_changes_nothing(bench, folder, embedder):
    bench.build("mine", [folder])
    done = embedder.embedded
    report = bench.build("mine", [folder])
    assert sorted(report.unchanged) == ["long.txt", "short.md", "한글.txt"]
    assert report.added == report.replaced == () and report.embedded == 0
    assert embedder.embedded == done


def test_the_same_content_under_another_name_is_kept_once_and_said(bench, folder, tmp_path):
    bench.build("mine", [folder])
    twin = tmp_path / "twin.txt"
    twin.write_text((folder / "long.txt").read_text())
    report = bench.build("mine", [twin])
    assert report.documents == 3
    assert [(s.name, s.reason) for s in report.skipped] == [
        ("twin.txt", "it has the same content as long.txt, which is here already.")
    ]


def test_a_changed_file_replaces_and_embeds_only_what_changed(bench, folder, embedder):
    bench.build("mine", [folder], ChunkSettings(64))
    chunks = len(bench.chunks("mine", "long.txt"))
    done = embedder.embedded
    changed = [
        *PARAGRAPHS[:6],
        "A new paragraph stands here instead, of about the same length, about chairs.",
        *PARAGRAPHS[7:],
    ]
    (folder / "long.txt").write_text("\n\n".join(changed))
    report = bench.build("mine", [folder])
    assert report.replaced == ("long.txt",)
    assert embedder.embedded - done == report.embedded < chunks / 3
    assert report.reused >= chunks / 2
    texts = [bench.document("mine", "long.txt").text[c.start : c.end] for c in bench.chunks("mine", "long.txt")]
    assert any("about chairs" in text for text in texts)
    assert len(bench.documents("mine")) == 3


def test_any_size_is_cut_without_embedding_and_embedded_once(bench, folder, embedder):
    bench.build("mine", [folder], ChunkSettings(64))
    done = embedder.embedded
    at_32 = bench.chunks("mine", "long.txt", ChunkSettings(32))
    assert len(at_32) > len(bench.chunks("mine", "long.txt"))
    assert embedder.embedded == done
    missing = bench.missing("mine", ChunkSettings(32))
    assert 0 < missing.missing <= missing.chunks and missing.seconds > 0 and missing.tokens > 0
    seen = []
    assert bench.embed("mine", ChunkSettings(32), progress=seen.append).missing == 0
    assert embedder.embedded - done == missing.missing
    assert (seen[0].done, seen[-1].done) == (0, missing.missing) and {p.stage for p in seen} == {"embedding"}
    for size in (64, 32, 64):
        bench.search("mine", "topic3", SearchSettings(chunk_size=size))
    assert embedder.embedded - done == missing.missing
    again = Workbench(bench.indices, bench.models_folder, embedder=embedder)
    assert again.missing("mine", ChunkSettings(32)).missing == 0
    again.close()


def test_cancelling_keeps_vectors_and_shows_nothing_half(bench, tmp_path, embedder):
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"Sentence {i} has words of its own, number{i}." for i in range(3000)))
    embedding = []

    def watch(progress):
        if progress.stage == "embedding" and progress.done:
            embedding.append(progress)

    with pytest.raises(Cancelled, match="What was embedded until now is kept"):
        bench.build("mine", [path], ChunkSettings(64), cancel=lambda: len(embedding) >= 2, progress=watch)
    assert bench.list() == []
    with pytest.raises(IndexMissing):
        bench.info("mine")
    done = embedder.embedded
    assert done == embedding[-1].done > 0
    report = bench.build("mine", [path], ChunkSettings(64))
    assert report.reused == done
    assert report.embedded == embedder.embedded - done == report.units - done


def test_removing_a_document(bench, folder):
    bench.build("mine", [folder])
    bench.remove("mine", "long.txt")
    assert {row.name for row in bench.documents("mine")} == {"short.md", "한글.txt"}
    assert all(hit.document != "long.txt" for hit in bench.search("mine", "topic3 words"))
    with pytest.raises(IndexMissing, match="There is no document named 'long.txt' here"):
        bench.remove("mine", "long.txt")
    assert bench.build("mine", [folder]).added == ("long.txt",)


def test_default_settings_are_kept_and_used(bench, folder):
    bench.build("mine", [folder])
    bench.make_default("mine", ChunkSettings(32, 8))
    assert bench.default_settings("mine") == ChunkSettings(32, 8)
    assert bench.chunks("mine", "long.txt") == bench.chunks("mine", "long.txt", ChunkSettings(32, 8))
    assert all(hit.tokens <= 32 for hit in bench.search("mine", "topic3"))
    again = Workbench(bench.indices, bench.models_folder, embedder=HashingEmbedder())
    assert again.default_settings("mine") == ChunkSettings(32, 8)
    again.close()


def test_another_embedder_is_told_and_can_embed_anew(bench, folder, tmp_path):
    bench.build("mine", [folder])
    other = Workbench(bench.indices, bench.models_folder, embedder=HashingEmbedder(64))
    message = "mine was embedded with hashing-256, but hashing-64 is loaded. Embed it anew with hashing-64 "
    for attempt in (
        lambda: other.open("mine"),
        lambda: other.search("mine", "x"),
        lambda: other.build("mine", [folder]),
    ):
        with pytest.raises(IndexMismatch, match=message):
            attempt()
    other.reembed("mine")
    assert other.search("mine", "topic3")[0].document == "long.txt"
    with pytest.raises(IndexMismatch):
        bench.search("mine", "topic3")
    bench.reembed("mine")
    assert bench.search("mine", "topic3")[0].document == "long.txt"
    other.close()


def test_creating_and_deleting(bench, folder):
    bench.create("empty")
    assert bench.info("empty").documents == 0
    with pytest.raises(StoreError, match="There is an index named 'empty' already"):
        bench.create("empty")
    with pytest.raises(SettingError):
        bench.create("../x")
    bench.build("empty", [folder])
    bench.delete("empty")
    assert bench.list() == []
    with pytest.raises(IndexMissing):
        bench.search("empty", "x")


def test_a_damaged_index_is_listed_with_its_problem(bench, folder):
    bench.build("good", [folder])
    (bench.indices / "bad.sqlite").write_bytes(b"nonsense" * 500)
    bad, good = bench.list()
    assert "bad.sqlite is damaged" in bad.problem
    assert good.problem == "" and good.documents == 3


def test_export_is_the_articles_form_and_comes_back(bench, folder, embedder, tmp_path):
    bench.build("mine", [folder], ChunkSettings(32, 8))
    paths = bench.export("mine", tmp_path / "out")
    assert [path.name for path in paths] == ["doc_store.json", "vector_store.json"]
    texts, vectors = (json.loads(path.read_text("utf-8")) for path in paths)
    assert texts.keys() == vectors.keys()
    for doc_id, chunks in texts.items():
        assert chunks.keys() == vectors[doc_id].keys()
        for chunk_id, chunk in chunks.items():
            document = bench.document("mine", chunk["metadata"]["file_name"])
            start, end = chunk["metadata"]["start"], chunk["metadata"]["end"]
            assert document.text[start:end] == chunk["text"]
            assert len(vectors[doc_id][chunk_id]) == 256
    bench.import_("back", tmp_path / "out")
    bench.make_default("back", ChunkSettings(32, 8))
    assert {row.name for row in bench.documents("back")} == {row.name for row in bench.documents("mine")}
    for row in bench.documents("mine"):
        was, now = bench.document("mine", row.name).text, bench.document("back", row.name).text
        assert [was[c.start : c.end] for c in bench.chunks("mine", row.name)] == [
            now[c.start : c.end] for c in bench.chunks("back", row.name)
        ]
    assert bench.missing("back").missing == 0
    found = [[(hit.document, hit.text) for hit in bench.search(name, "topic3")] for name in ("mine", "back")]
    assert found[0] == found[1]


def test_the_articles_own_files_without_offsets_are_read(bench, tmp_path):
    store = {
        "uuid-1": {"c1": {"text": "First chunk.", "metadata": {"file_name": "a/sofa.txt"}}, "c2": {"text": "Second."}}
    }
    (tmp_path / "doc_store.json").write_text(json.dumps(store))
    report = bench.import_("article", tmp_path)
    assert report.added == ("sofa.txt",)
    assert bench.document("article", "sofa.txt").text == "First chunk.\n\nSecond."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "doc_store.json cannot be read"),
        ("{", "doc_store.json is not JSON"),
        ("[]", r"doc_store.json is not of the form \{doc_id: \{chunk_id: …\}\}"),
        ('{"d": {"c": 5}}', 'd/c is not {"text", "metadata"}'),
    ],
)
def test_a_store_of_another_form_is_refused(bench, tmp_path, content, message):
    if content is not None:
        (tmp_path / "doc_store.json").write_text(content)
    with pytest.raises(LoadError, match=message):
        bench.import_("x", tmp_path)
    assert bench.list() == []


def test_vectors_of_another_model_are_not_taken_over(bench, folder, tmp_path, embedder):
    bench.build("mine", [folder])
    bench.export("mine", tmp_path / "out")
    path = tmp_path / "out" / "vector_store.json"
    vectors = json.loads(path.read_text())
    path.write_text(json.dumps({d: {c: row[::-1] for c, row in rows.items()} for d, rows in vectors.items()}))
    bench.delete("mine")
    done = embedder.embedded
    report = bench.import_("back", tmp_path / "out")
    assert report.reused == 0 and embedder.embedded > done


def test_readers_keep_their_state_while_a_build_goes_on(bench, folder, tmp_path):
    bench.build("mine", [folder])
    more = tmp_path / "more"
    more.mkdir()
    for i in range(30):
        (more / f"{i}.txt").write_text(f"More about thing{i}. " * 40)
    seen, failures = set(), []

    def read():
        while not done.is_set():
            try:
                seen.add(len(bench.documents("mine")))
                bench.search("mine", "topic3")
            except Exception as error:  # noqa: BLE001 - any failure at all is what this looks for
                failures.append(error)

    done = threading.Event()
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    bench.build("mine", [more])
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert seen <= {3, 33}
    assert len(bench.documents("mine")) == 33


def test_waiting_for_a_build_ends_with_it(bench, tmp_path):
    assert bench.wait_for_build(0.01)
    path = tmp_path / "slow.txt"
    path.write_text("some words")
    begun, go_on = threading.Event(), threading.Event()

    def hold(progress):
        begun.set()
        go_on.wait(10)

    building = threading.Thread(target=lambda: bench.build("slow", [path], progress=hold))
    building.start()
    assert begun.wait(10)
    assert not bench.wait_for_build(0.05)
    go_on.set()
    assert bench.wait_for_build(10)
    building.join()
    assert [info.name for info in bench.list()] == ["slow"]


def test_without_a_chat_model_the_answer_is_quoted_and_says_why(bench, folder, monkeypatch):
    monkeypatch.setattr("rag_core.engines.find_chat", lambda models, wanted: None)
    bench.build("mine", [folder])
    *_, last = bench.ask("mine", "What is topic3 about?")
    assert last.quoted and last.finish_reason
    assert "No chat model is installed" in last.note
    assert last.citations
    for citation in last.citations:
        assert bench.document("mine", citation.document).text[citation.start : citation.end] == citation.text
    with pytest.raises(ModelError, match="No chat model is installed"):
        bench.prompt("mine", "What is topic3 about?")


def test_a_question_that_finds_nothing_gets_no_source(bench, folder):
    bench.build("mine", [folder])
    *_, last = bench.ask("mine", "zyxw vuts")
    assert last.finish_reason == "not_found"
    assert last.citations == ()


def test_a_file_is_cut_without_an_index(bench, folder):
    document, chunks, tokens = bench.cut_file(folder / "long.txt", ChunkSettings(64))
    assert document.name == "long.txt" and tokens > 64 and all(chunk.tokens <= 64 for chunk in chunks)
    with pytest.raises(LoadError, match="nothing.txt"):
        bench.cut_file(folder / "nothing.txt", ChunkSettings())


def test_the_doctor_checks_every_part(bench):
    checks = {check.part: check for check in bench.doctor()}
    assert checks["embedder"].ok and "hashing-256" in checks["embedder"].detail
    assert {"python", "sqlite", "torch", "llama_cpp", "indices", "chat model"} <= checks.keys()
