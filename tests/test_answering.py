import pytest

from rag_core import answering
from rag_core.answering import answer, cite
from rag_core.errors import QueryError
from rag_core.settings import AnswerSettings
from rag_core.types import Answer, Hit
from tests.fakes import FakeChat

TEXT = "The fireplace is made by Hearth & Home. It is 50 inches wide."
HITS = [
    Hit(1, 0.9, "ENT-4001.txt", "a", 10, 10 + len(TEXT), 12, TEXT, 0.9),
    Hit(2, 0.5, "SOF-1.txt", "b", 0, 11, 3, "A red sofa.", 0.5),
]
QUESTION = "Who made the fireplace?"


def ask(model: FakeChat | None, question: str = QUESTION, hits=HITS, reason: str = "", **settings) -> list[Answer]:
    return list(answer(question, hits, True, 0.9, model, reason, AnswerSettings(**settings)))


def test_the_first_snapshot_has_the_prompt_and_the_last_a_finish_reason(monkeypatch):
    monkeypatch.setattr(answering, "_PAUSE", 0.0)
    model = FakeChat(["Hearth ", "& Home ", "[1]."])
    snapshots = ask(model)
    assert [snapshot.text for snapshot in snapshots] == [
        "",
        "Hearth ",
        "Hearth & Home ",
        "Hearth & Home [1].",
        "Hearth & Home [1].",
    ]
    assert [snapshot.finish_reason for snapshot in snapshots] == ["", "", "", "", "stop"]
    first, last = snapshots[0], snapshots[-1]
    assert model.prompts == [first.prompt.text]
    assert first.prompt is last.prompt
    assert last.prompt_tokens == model.count(first.prompt.text)
    assert last.answer_tokens == model.count("Hearth & Home [1].")
    assert 0 < last.timings.first_token <= last.timings.total
    assert (last.model, last.quoted, last.note) == ("fake-chat", False, "")
    [citation] = last.citations
    assert (citation.passage, citation.document, citation.start, citation.end) == (
        1,
        "ENT-4001.txt",
        10,
        10 + len(TEXT),
    )
    assert citation.text == TEXT


def test_snapshots_are_at_most_25_a_second():
    assert len(ask(FakeChat(["a "] * 2000), max_tokens=682)) < 20


def test_the_prompt_is_there_before_the_model_is_asked():
    model = FakeChat()
    snapshots = answer(QUESTION, HITS, True, 0.9, model, "", AnswerSettings())
    assert next(snapshots).prompt.text
    assert model.prompts == []


def test_an_answer_that_runs_out_of_tokens_says_so():
    model = FakeChat(["a "] * 50)
    assert ask(model, max_tokens=8)[-1].finish_reason == "length"
    assert model.settings[0].max_tokens == 8


def test_the_models_share_of_a_small_window_is_what_it_may_write():
    model = FakeChat(context=600)
    ask(model, max_tokens=1000)
    assert model.settings[0].max_tokens == 200


def test_closing_the_answer_closes_the_models_stream(monkeypatch):
    monkeypatch.setattr(answering, "_PAUSE", 0.0)
    model = FakeChat(["a "] * 50)
    snapshots = answer(QUESTION, HITS, True, 0.9, model, "", AnswerSettings())
    for _ in range(3):
        next(snapshots)
    snapshots.close()
    assert model.closed == 1


def test_waiting_gives_snapshots_without_counting_as_the_first_token(monkeypatch):
    monkeypatch.setattr(answering, "_PAUSE", 0.0)
    snapshots = ask(FakeChat(["", "", "So."]))
    assert [snapshot.text for snapshot in snapshots] == ["", "", "", "So.", "So."]
    assert snapshots[2].timings.first_token == 0.0
    assert snapshots[2].timings.total > 0


@pytest.mark.parametrize("question, text", [
    ("Who is the pope?", "The documents do not seem to say. The closest passage has cosine 0.14."),
    ("교황은 누구입니까?", "문서에서 답을 찾지 못했습니다. 가장 가까운 구절의 코사인은 0.14입니다."),
])  # fmt: skip
def test_nothing_found_is_said_in_the_questions_language_without_asking_the_model(question, text):
    model = FakeChat()
    [only] = answer(question, HITS, False, 0.1428, model, "", AnswerSettings())
    assert (only.text, only.finish_reason, only.citations, only.quoted) == (text, "not_found", (), False)
    assert model.prompts == []


def test_without_a_model_the_passages_are_quoted_and_the_reason_is_told():
    [only] = ask(None, reason="No chat model is installed.")
    assert only.text == "The fireplace is made by Hearth & Home. [1]"
    assert (only.model, only.quoted, only.note) == ("quoted passages", True, "No chat model is installed.")
    assert only.finish_reason == "stop"
    assert only.prompt.used == tuple(HITS)
    [citation] = only.citations
    assert (citation.document, citation.start, citation.text) == ("ENT-4001.txt", 10, TEXT[:39])


def test_a_model_that_fails_midway_is_replaced_by_quotes(monkeypatch):
    monkeypatch.setattr(answering, "_PAUSE", 0.0)
    snapshots = ask(FakeChat(["Wrong "] * 5, fails_after=2))
    assert snapshots[2].text == "Wrong Wrong "
    last = snapshots[-1]
    assert last.text == "The fireplace is made by Hearth & Home. [1]"
    assert (last.quoted, last.note, last.finish_reason) == (True, "fake-chat stopped with an error.", "stop")


def test_passages_too_long_for_the_model_are_quoted():
    long = Hit(1, 0.9, "a.txt", "a", 0, 9, 9, "The fireplace is warm.\n" + "word " * 5000, 0.9)
    model = FakeChat()
    [only] = ask(model, hits=[long])
    assert only.quoted and only.note.startswith("No room: it takes 5,0")
    assert only.text == "The fireplace is warm. [1]"
    assert model.prompts == []


def test_a_question_too_long_for_the_model_is_refused():
    with pytest.raises(QueryError, match="The question takes"):
        ask(FakeChat(context=256), question="word " * 800)


@pytest.mark.parametrize("written, shown, cited", [
    ("Yes [1].", "Yes [1].", [1]),
    ("Yes [3].", "Yes.", []),
    ("Yes [0] or [2], [2] [1].", "Yes or [2], [2] [1].", [2, 1]),
    ("Yes [1, 2].", "Yes [1][2].", [1, 2]),
    ("Yes [1,9]!", "Yes [1]!", [1]),
    ("A list [a] stays, [1] too.", "A list [a] stays, [1] too.", [1]),
    ("Cut off [1", "Cut off", []),
])  # fmt: skip
def test_marks_are_kept_where_they_match_a_passage(written, shown, cited):
    text, citations = cite(written, HITS)
    assert text == shown
    assert [citation.passage for citation in citations] == cited


def test_an_unfinished_mark_is_held_back_while_the_answer_grows():
    grown = "Yes [2] and [12] no."
    shown = [cite(grown[:end], HITS, complete=False)[0] for end in range(len(grown) + 1)]
    assert all("[" not in text.replace("[2]", "") for text in shown)
    assert all(after.startswith(before.rstrip()) for before, after in zip(shown, shown[1:], strict=False))
    assert shown[-1] == "Yes [2] and no."
