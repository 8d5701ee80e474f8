"""The page without a browser: what its events change, and what it promises to gradio."""

import re
import time

import pytest

from rag_core import Workbench
from rag_core.embedding.hashing import HashingEmbedder
from rag_web.page import build_page, launch_options
from rag_web.session import Job, Session, Stream
from rag_web.sharing import ShareState
from rag_web.starting import Starter
from rag_web.views import runs
from rag_web.widgets import Now, handler
from tests.fakes import FakeChat

TEXT = "".join(
    f"Fireplace {i} hangs on the wall. It shows flames in three colours.\n\nSofa {i} stands in the hall.\n\n"
    for i in range(20)
)


class SlowChat(FakeChat):
    """A word every hundredth of a second."""

    def stream(self, prompt, settings):
        pieces = super().stream(prompt, settings)
        try:
            for piece in pieces:
                time.sleep(0.01)
                yield piece
        finally:
            pieces.close()
        return "stop"


@pytest.fixture
def bench(tmp_path):
    chat = SlowChat(["word "] * 200)
    bench = Workbench(tmp_path / "indices", tmp_path / "models", embedder=HashingEmbedder(), chat=chat)
    (tmp_path / "fire.txt").write_text(TEXT)
    bench.build("notes", [tmp_path / "fire.txt"])
    yield bench
    bench.close()


@pytest.fixture
def do(bench):
    return build_page(bench, ShareState())._do


def at(size=200, overlap=0, top_k=5, session=None, index="notes", mode="field", weight=0.6):
    now = Now(session or Session(), index, size, overlap, top_k, weight, mode)
    if overlap < size:
        now.session.chunking = now.chunking
    now.session.document = "fire.txt"
    return now


def last(steps) -> dict:
    everything: dict = {}
    for updates in steps:
        everything |= updates
    return everything


def test_every_event_is_private_and_without_overlay(bench):
    page = build_page(bench, ShareState("long enough"))
    for fn in page.fns.values():
        assert fn.api_visibility == "private", fn
        assert fn.show_progress == "hidden", fn


def test_nothing_on_the_page_asks_another_host():
    options = launch_options()
    assert not re.findall(r"""(?:url\(|src=|href=|@import)\s*["']?https?://""", options["head"])
    assert options["theme"]._stylesheets == []


def test_search_shows_the_best_passage_in_its_document(do):
    now = at()
    shown = last(do.search(now, "flames on the wall"))
    assert 'data-act="pick" data-rank="1"' in shown[do.inspect.hits]
    viewer = shown[do.inspect.viewer]
    best = now.session.hits[0]
    assert (viewer["document"], viewer["at"], viewer["picked"]) == ("fire.txt", best.start, 1)
    assert viewer["hits"][0][:3] == [best.start, best.end, 1]
    assert not viewer["stale"]


def test_top_k_cuts_the_ranking_without_searching_again(do, monkeypatch):
    now = at()
    last(do.search(now, "flames on the wall"))
    monkeypatch.setattr(Workbench, "rank", None)
    shown = do.cut_hits(at(top_k=2, session=now.session))
    assert "2 passages" in shown[do.inspect.found]
    assert "top_k 2: the next are not used" in shown[do.inspect.hits]


def test_a_cut_without_vectors_keeps_the_old_hits_until_it_is_embedded(do, bench):
    now = at(mode="dense")
    last(do.search(now, "flames on the wall"))
    finer = at(24, session=now.session, mode="dense")
    shown = do.recut(finer)
    missing = bench.missing("notes", finer.chunking).missing
    assert f"{missing} chunks at 24 tokens have no vectors yet." in shown[do.inspect.found]
    assert do.inspect.hits not in shown
    assert shown[do.inspect.viewer]["stale"]
    assert shown[do.inspect.viewer]["chunk_size"] == 24
    shown = last(do.settle(finer))  # the hand rests, and it is quick
    assert "5 passages" in shown[do.inspect.found]
    back = do.recut(at(session=now.session, mode="dense"))
    assert "3 passages" in back[do.inspect.found]


def test_weight_and_recipe_score_anew_without_embedding(do, bench):
    now = at(24)
    last(do.search(now, "flames on the wall"))
    by_words = do.rescore(at(24, session=now.session, weight=0.0))
    assert now.session.ranking.settings.weight == 0.0
    bars = re.findall(r'<i class="(rs-part-\w+)" style', by_words[do.inspect.hits])
    assert set(bars) == {"rs-part-key"}
    assert by_words[do.inspect.viewer]["heat"] == "flames on the wall" and by_words[do.inspect.viewer]["weight"] == 0.0
    for mode in ("chunks", "keyword"):
        shown = do.rescore(at(24, session=now.session, mode=mode))
        assert now.session.ranking.settings.mode == mode
        assert shown[do.inspect.viewer]["heat"] == ""
    assert "no vectors yet" in do.rescore(at(24, session=now.session, mode="dense"))[do.inspect.found]


def test_a_new_cut_leaves_the_reader_in_the_document_they_read(do, bench, tmp_path):
    (tmp_path / "other.txt").write_text("Nothing about fire here.")
    bench.build("notes", [tmp_path / "other.txt"])
    now = at()
    last(do.search(now, "flames on the wall"))
    do.open_document(now, "other.txt")
    for steps in (do.settle(at(24, session=now.session)), do.refresh(at(24, session=now.session))):
        now.session.document = "other.txt"
        viewer = last(steps)[do.inspect.viewer]
        assert (viewer["document"], viewer["at"]) == ("other.txt", -1)


def test_figures_follow_the_search_and_the_cut(do, bench, monkeypatch):
    now = at()
    shown = last(do.search(now, "flames on the wall"))
    figures = do.inspect.figures
    assert shown[figures.match].count("rs-hittick") == len(now.session.hits[:5]) > 1
    assert "<b>3 chunks</b>" not in last(do.settle(at(24, session=now.session)))[figures.chunks]
    monkeypatch.setattr(Workbench, "match", None)  # neither top_k nor weight moves the unrelated questions
    assert do.cut_hits(at(24, top_k=1, session=now.session))[figures.match].count("rs-hittick") == 1
    assert do.rescore(at(24, session=now.session, weight=0.0))[figures.match].count("rs-hittick") > 1
    by_words = do.rescore(at(24, session=now.session, mode="keyword"))
    assert by_words[figures.match] == ""
    assert last(do.settle(at(session=now.session, mode="keyword")))[figures.match] == ""


def test_an_index_without_a_question_has_its_chunks_counted(do):
    shown = last(do.refresh(at()))
    assert shown[do.inspect.figures.match] == ""
    assert "inside a sentence." in shown[do.inspect.figures.chunks]


def test_a_point_of_the_map_opens_its_place(do):
    now = at()
    last(do.search(now, "flames on the wall"))
    assert 'data-act="draw"' in do.inspect.draw(now)[do.inspect.figures.plane]
    drawn = do.draw(now, {})[do.inspect.figures.plane]
    start = re.findall(r'data-document="fire.txt" data-start="(\d+)"', drawn)[-1]
    now.session.document = ""
    viewer = do.open_place(now, {"document": "fire.txt", "start": start})[do.inspect.viewer]
    assert (viewer["document"], viewer["at"]) == ("fire.txt", int(start))
    gone = do.open_place(now, {"document": "gone.txt", "start": "0"})
    assert "gone.txt" in gone[do.inspect.text_head]


def test_slow_embedding_is_offered_and_not_begun(do, bench, monkeypatch):
    monkeypatch.setattr("rag_web.tabs.inspect.ASK_FIRST", -1.0)
    now = at(24, mode="dense")
    shown = last(do.search(now, "flames"))
    assert 'data-act="embed"' in shown[do.inspect.found]
    assert bench.missing("notes", now.chunking).missing > 0
    last(do.embed(now, {}))
    assert bench.missing("notes", now.chunking).missing == 0
    assert now.session.ranking.query == "flames"


def test_nothing_found_says_so_with_both_numbers(do, monkeypatch):
    now = at()
    last(do.search(now, "zebra crossing quarks"))
    ranking = now.session.ranking
    assert not ranking.found
    shown = do.inspect.show_hits(now)
    assert f"cosine {ranking.nearest:.2f}; the cut is {ranking.cut:.2f}" in shown[do.inspect.hits]
    assert "Show the five nearest anyway" in shown[do.inspect.hits]
    assert 'data-rank="1"' in do.anyway(now, {})[do.inspect.hits]


def test_settings_that_contradict_each_other_come_with_a_fix_and_change_nothing(do):
    now = at()
    shown = do.recut(at(96, 128, session=now.session))
    assert "chunk_overlap 128 is not below chunk_size 96." in shown[do.side.say]
    assert do.inspect.viewer not in shown
    assert now.session.chunking.chunk_size == 200
    fixed = do.fix(at(96, 128, session=now.session), {"field": "chunk_overlap", "value": "24"})
    assert fixed[do.side.chunk_overlap] == 24


def test_what_differs_from_the_default_is_named_and_can_become_it(do, bench):
    now = at(96, 24, 7)
    said = do.side.differing(now)
    assert "chunk_size, chunk_overlap and top_k differ from the index’s default." in said[do.side.changed]
    do.make_default(now)
    assert bench.default_settings("notes").chunk_size == 96
    assert do.put_back(now)[do.side.chunk_overlap] == 24


def test_a_build_says_what_was_added_left_out_and_unchanged(do, tmp_path):
    (tmp_path / "new.txt").write_text("A lamp.")
    (tmp_path / "empty.pdf").write_bytes(b"%PDF-1.4")
    now = at()
    shown = last(do.build(now, [str(tmp_path / name) for name in ("new.txt", "fire.txt", "empty.pdf")]))
    assert "1 document added" in shown[do.upload.status]
    assert "1 document unchanged" in shown[do.upload.status]
    assert "empty.pdf was skipped:" in shown[do.upload.status]
    assert now.session.paths == ("new.txt", "fire.txt", "empty.pdf")


def test_a_new_index_is_made_and_entered_and_a_taken_name_is_refused(do, bench):
    updates = do.create(at(), " contracts ")
    assert updates[do.side.index]["value"] == "contracts"
    assert [info.name for info in bench.list()] == ["contracts", "notes"]
    assert "There is an index named" in do.create(at(), "contracts")[do.upload.status]
    shown = do.upload.show(at(index="contracts"))
    assert "No documents in <b>contracts</b> yet." in shown[do.upload.table]


def test_removing_a_document_empties_the_table(do):
    do.remove(at(), {"document": "fire.txt"})
    assert "No documents in <b>notes</b> yet." in do.upload.show(at())[do.upload.table]


def test_chat_streams_and_stop_keeps_what_was_written(do, bench):
    now = at()
    steps = do.ask(now, "Where does the fireplace hang?")
    while not (now.session.turns and now.session.turns[0].answer and now.session.turns[0].answer.text):
        next(steps)
    do.stop(now)
    shown = last(steps)
    turn = now.session.turns[0]
    assert turn.stopped and turn.answer.text.startswith("word")
    assert "<b>Stopped.</b>" in shown[do.chat.talk]
    assert shown[do.chat.message]["submit_btn"] == "Ask"


def test_closing_the_page_in_the_middle_of_an_answer_frees_the_model(do, bench):
    steps = do.ask(at(), "Where does the fireplace hang?")
    for _ in range(3):
        next(steps)
    steps.close()
    until = time.monotonic() + 5
    while not bench._engines._chat.closed and time.monotonic() < until:
        time.sleep(0.01)
    assert bench._engines._chat.closed == 1


def test_retry_asks_the_last_question_again_and_clear_forgets(do, bench):
    bench._engines._chat.pieces = ["On ", "the ", "wall."]
    now = at()
    last(do.ask(now, "Where does the fireplace hang?"))
    last(do.retry(now, {}))
    assert [turn.question for turn in now.session.turns] == ["Where does the fireplace hang?"]
    assert "Ask <b>notes</b> something" in do.clear(now, {})[do.chat.talk]


def test_a_first_start_makes_the_sample_and_opens_it(tmp_path):
    examples = tmp_path / "examples"
    (examples / "furniture").mkdir(parents=True)
    (examples / "furniture" / "ENT-4001.txt").write_text(TEXT)
    bench = Workbench(tmp_path / "none", tmp_path / "models", embedder=HashingEmbedder(), chat=FakeChat())
    page = build_page(bench, ShareState())
    page.starter._bench, page.starter._folders = bench, Starter(bench, examples)._folders
    opened = last(page._do.open(at(index=""), {"chunk_size": "96", "top_k": "many"}))
    assert opened[page._do.side.index]["value"] == "furniture"
    assert opened[page._do.side.chunk_size] == 96
    assert page._do.side.top_k not in opened
    assert opened[page._do.inspect.question].startswith("Wall-mounted")
    bench.close()


def test_without_any_index_the_page_opens_on_upload(tmp_path):
    bench = Workbench(tmp_path / "none", tmp_path / "models", embedder=HashingEmbedder(), chat=FakeChat())
    page = build_page(bench, ShareState())
    page.starter._folders = []
    opened = last(page._do.open(at(index=""), {}))
    assert opened[page._do.tabs]["selected"] == "upload"
    shown = last(page._do.refresh(at(index="")))
    assert "There is no index yet" in shown[page._do.side.hint]
    bench.close()


def test_a_handler_that_says_nothing_changes_nothing(do):
    silent = handler(lambda now: {}, [do.side.say])
    quiet = handler(lambda now: (yield from ()), [do.side.say])
    inputs = (Session(), None, 200, 0, 5, 0.5, "field")
    assert list(silent(*inputs)) == [do.side.say]
    assert [list(updates) for updates in quiet(*inputs)] == [[do.side.say]]


def test_a_job_hands_on_progress_results_and_errors():
    job = Job(lambda progress, cancel: 7)
    assert list(job.steps()) in ([], [None])
    assert job.result() == 7
    with pytest.raises(ZeroDivisionError):
        Job(lambda progress, cancel: 1 / 0).result()


def test_a_stream_gives_the_newest_item_and_raises_at_its_end():
    def items():
        yield 1
        yield 2
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(Stream(items))
    assert seen[-1] == 2


# ---- runs, the panel about selected text, the address ---------------------------------------------------------------


def test_searches_and_settings_that_rested_are_kept_once_and_pixels_are_not(do, bench):
    now = at()
    last(do.search(now, "flames on the wall"))
    last(do.search(now, "flames on the wall"))
    assert [run.query for run in bench.runs("notes")] == ["flames on the wall"]
    assert bench.runs("notes")[0].settings["top_k"] == 5 and len(bench.runs("notes")[0].places) == 5
    for weight in (0.45, 0.4, 0.35):
        do.rescore(at(session=now.session, weight=weight))
    do.cut_hits(at(top_k=3, session=now.session, weight=0.35))
    assert len(bench.runs("notes")) == 1
    shown = last(do.settle(at(top_k=3, session=now.session, weight=0.35)))[do.inspect.strip.film]
    newest = bench.runs("notes")[0]
    assert (newest.settings["weight"], newest.settings["top_k"], len(newest.places)) == (0.35, 3, 3)
    assert shown.count("<li>") == 2 and shown.count("aria-current") == 1


def test_what_the_page_asked_by_itself_is_kept_only_where_nothing_is_yet(do, bench, monkeypatch):
    monkeypatch.setattr("rag_web.handlers.SAMPLE", "notes")
    last(do.refresh(at()))
    assert len(bench.runs("notes")) == 1
    last(do.search(at(), "flames on the wall"))
    last(do.refresh(at()))
    assert [run.query for run in bench.runs("notes")][0] == "flames on the wall" and len(bench.runs("notes")) == 2


def test_a_run_brings_back_question_and_sliders_and_is_not_kept_again(do, bench):
    session = Session()
    last(do.search(at(96, 8, 3, session, mode="chunks", weight=0.2), "flames on the wall"))
    last(do.search(at(session=session), "Sofa 3"))
    old = bench.runs("notes")[1]
    data = {"q": old.query, **{name: str(old.settings[name]) for name in runs.KNOBS}}
    back = do.go_back(at(session=session), data)
    sliders = [back[part] for part in (do.side.chunk_size, do.side.chunk_overlap, do.side.top_k, do.side.weight)]
    assert sliders == [96, 8, 3, 0.2] and back[do.side.mode] == "chunks"
    assert back[do.inspect.question] == "flames on the wall"
    shown = last(do.show_again(at(96, 8, 3, session, mode="chunks", weight=0.2)))
    assert session.ranking.query == "flames on the wall" and session.ranking.settings.mode == "chunks"
    assert len(bench.runs("notes")) == 2
    film = shown[do.inspect.strip.film]
    assert film.index("aria-current") > film.index("Sofa 3")
    assert "chunk_size=96&amp;chunk_overlap=8&amp;top_k=3&amp;weight=0.2&amp;mode=chunks&amp;q=flames+on+the" in film


def test_an_address_with_a_question_asks_it(do):
    now = at()
    opened = last(do.open(now, {"index": "notes", "q": " Sofa 3 ", "weight": "0.2"}))
    assert opened[do.inspect.question] == "Sofa 3" and opened[do.side.weight] == 0.2
    last(do.refresh(at(session=now.session, weight=0.2)))
    assert now.session.ranking.query == "Sofa 3"


def test_a_refused_search_is_not_kept_and_the_strip_stays(do, bench):
    now = at()
    shown = last(do.search(now, " "))
    assert "The question is empty." in shown[do.inspect.found]
    assert bench.runs("notes") == []
    assert "Every search is kept here" in shown[do.inspect.strip.film]


def test_why_not_explains_selected_text_and_a_fix_sets_the_slider(do, bench):
    now = at(24, top_k=1)
    last(do.search(now, "flames in three colours"))
    text = bench.document("notes", "fire.txt").text
    start = text.index("Sofa 7 stands")
    shown = do.explain(now, {"document": "fire.txt", "start": start, "end": start + 6})[do.inspect.why.panel]
    assert "Why was this not found?" in shown and "Sofa 7 stands in the hall." in shown
    best = now.session.hits[0]
    shown = do.explain(now, {"document": "fire.txt", "start": best.start, "end": best.end})[do.inspect.why.panel]
    assert "This was found" in shown
    fixed = do.bring_in(now, {"top_k": "9", "act": "bring_in"})
    assert fixed[do.side.top_k] == 9 and fixed[do.inspect.why.panel] == ""
    assert "There is no document" in do.explain(now, {"document": "gone", "start": 0, "end": 1})[do.inspect.why.panel]
    assert do.cut_hits(at(24, top_k=2, session=now.session))[do.inspect.why.panel] == ""


def test_a_weight_that_fell_for_an_unread_script_still_fits(do, bench, monkeypatch):
    monkeypatch.setattr(type(bench._corpora), "reads", lambda self, query: "벽난로" not in query)
    now = at(weight=0.5)
    last(do.search(now, "벽난로는 벽에 답니다"))
    assert now.session.ranking.settings.weight == 0.1
    assert now.fits(now.session.ranking)
    assert not at(weight=0.05).fits(now.session.ranking)
    assert not do.inspect.show_text(now)[do.inspect.viewer]["stale"]
