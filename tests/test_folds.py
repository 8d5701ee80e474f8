"""What the Python folds of the page show is run here, line by line, and must give what the page gave."""

import html
import re

import pytest

import rag_core
from rag_core import Workbench
from rag_core.embedding.hashing import HashingEmbedder
from rag_web.page import build_page
from rag_web.session import Session
from rag_web.sharing import ShareState
from rag_web.widgets import Now
from tests.fakes import FakeChat

TEXT = (
    "The ENT-4001 hangs on the wall. It shows flames in three colours.\n\n"
    "Hearth & Home makes it; it is 50\" wide. <b>No flue</b> is needed, it's said.\n\n"
) * 6
QUESTION = 'Which one hangs on the "wall" & shows flames?'


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The handlers of a page over an index of two files that lie in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fire.txt").write_text(TEXT)
    (tmp_path / "설치 안내.txt").write_text("벽이 약하면 보강합니다. 불꽃 색은 세 가지입니다.\n" * 8)

    def opened(indices=None, models=None):
        return Workbench(indices, models, embedder=HashingEmbedder(), chat=FakeChat())

    bench = opened(tmp_path / "indices", tmp_path / "models")
    monkeypatch.setattr(rag_core, "Workbench", opened)
    yield build_page(bench, ShareState())._do
    bench.close()


@pytest.fixture
def now(page):
    now = Now(Session(), "notes", 40, 8, 3)
    now.session.chunking = now.chunking
    list(page.upload.build(now, "notes", ["fire.txt", "설치 안내.txt"]))
    return now


def code_in(cell: str) -> str:
    """The source code a fold shows, as the browser's copy button would take it."""
    found = re.search(r"<pre><code>(.*?)</code></pre>", cell, re.DOTALL)
    assert found, f"no fold in {cell[:200]}"
    return html.unescape(re.sub(r"<[^>]+>", "", found.group(1)))


def run(*cells: str) -> dict:
    names: dict = {}
    for cell in cells:
        exec(compile(code_in(cell), "fold", "exec"), names)
    return names


def test_upload_folds_build_list_and_cut(page, now, capsys):
    shown = page.upload.show(now)
    names = run(shown[page.upload.head], shown[page.upload.table_head], shown[page.upload.cuts_head])
    assert names["report"].unchanged == ("fire.txt", "설치 안내.txt")
    assert names["chunks"] == page.bench.chunks("notes", now.session.shown, now.chunking)
    assert "설치 안내.txt" in capsys.readouterr().out


def test_inspect_folds_rank_cut_and_list_hits(page, now, capsys):
    list(page.inspect.search(now, QUESTION))
    shown = {**page.inspect.show_hits(now), **page.inspect.show_text(now)}
    names = run(shown[page.inspect.found], shown[page.inspect.text_head], shown[page.inspect.hits_head])
    assert names["ranking"].query == QUESTION
    assert names["ranking"].hits(3) == now.session.hits[:3]
    assert names["ranking"].chunking == now.chunking
    assert names["document"].name == now.session.document
    assert names["hit"] == now.session.hits[2]
    capsys.readouterr()


def test_inspect_folds_judge_the_match_and_count_the_chunks(page, now, capsys):
    list(page.inspect.search(now, QUESTION))
    shown = {**page.inspect.show_hits(now), **page.inspect.measure(now)}
    names = run(
        *(shown[cell] for cell in (page.inspect.found, page.inspect.figures.match, page.inspect.figures.chunks))
    )
    assert names["match"].best == now.session.judged[1].best
    assert names["chunks"] == page.bench.statistics("notes", now.chunking)
    assert str(names["match"].above) in capsys.readouterr().out


def test_the_folds_of_runs_and_of_selected_text(page, now, capsys):
    list(page.search(now, QUESTION))
    shown = page.inspect.strip.show(now)
    run(shown[page.inspect.strip.head])
    assert capsys.readouterr().out == f"{QUESTION} field 40 3 {page.bench.runs('notes')[0].tokens}\n"
    found = page.inspect.explain(now, "설치 안내.txt", 3, 9)
    names = run(found[page.inspect.why.panel])
    assert names["why"] == page.bench.why_not("notes", now.session.ranking.cut_at(3), "설치 안내.txt", 3, 9)


def test_the_fold_of_missing_vectors_makes_them(page, now):
    finer = Now(now.session, "notes", 16, 0, 3, mode="dense")
    now.session.chunking = finer.chunking
    now.session.hits = []
    missing = page.bench.missing("notes", finer.chunking)
    assert missing.missing > 0
    run(page.inspect._unembedded(finer, missing, QUESTION)[page.inspect.found])
    assert Workbench("indices", embedder=HashingEmbedder()).missing("notes", finer.chunking).missing == 0


def test_chat_folds_ask_again_with_the_history(page, now, capsys):
    list(page.chat.ask(now, QUESTION))
    list(page.chat.ask(now, "Is it by \\ Hearth & Home?"))
    shown = page.chat.show(now)
    names = run(shown[page.chat.head], shown[page.chat.used_head], shown[page.chat.prompt_head])
    told = now.session.turns[-1].answer
    assert names["answer"].text == told.text
    assert names["answer"].prompt == told.prompt
    assert [message.role for message in names["history"]] == ["user", "assistant"]
    assert told.prompt.text in capsys.readouterr().out
