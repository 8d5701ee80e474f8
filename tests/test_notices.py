import logging

import gradio as gr
import pytest

from rag_core import errors
from rag_web import notices


def all_errors() -> list[type[errors.RagError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RagError)]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_status_of_its_own_choosing(kind):
    expected = {
        "SettingError": 400,
        "QueryError": 400,
        "IndexMissing": 404,
        "IndexMismatch": 409,
        "LoadError": 422,
        "RagError": 500,
    }
    assert notices.status(kind("x")) == expected.get(kind.__name__, 503)


def test_a_sentence_is_the_message_on_one_line():
    assert notices.sentence(errors.ModelError("The file\n  a.gguf is cut short.")) == "The file a.gguf is cut short."


def test_a_librarys_message_is_not_shown():
    said = notices.sentence(ValueError("/home/someone/secret"))
    assert "secret" not in said
    assert "ValueError" in said and "window RAGscope runs in" in said


def test_a_reply_is_json_with_the_sentence():
    response = notices.reply(errors.IndexMissing("There is no index named 'x'."))
    assert response.status_code == 404
    assert response.body == b'{"error":"There is no index named \'x\'."}'


def test_told_passes_results_and_steps_through():
    @notices.told
    def add(a, b=1):
        return a + b

    @notices.told
    def count(n):
        yield from range(n)

    assert add(1) == 2
    assert list(count(3)) == [0, 1, 2]


def test_told_turns_errors_into_escaped_toasts():
    @notices.told
    def call():
        raise errors.LoadError("<b>evil</b>.txt is empty.")

    @notices.told
    def stream():
        yield 1
        raise errors.Cancelled("Stopped.")

    with pytest.raises(gr.Error) as caught:
        call()
    assert caught.value.message == "&lt;b&gt;evil&lt;/b&gt;.txt is empty."
    assert caught.value.title == "That did not work"
    assert caught.value.print_exception is False
    steps = stream()
    assert next(steps) == 1
    with pytest.raises(gr.Error) as caught:
        next(steps)
    assert caught.value.title == "Stopped"


def test_told_logs_what_is_none_of_ours(caplog):
    @notices.told
    def call():
        raise KeyError("inner")

    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        call()
    assert "KeyError" in caught.value.message and "inner" not in caught.value.message
    assert caplog.records[0].exc_info is not None


def test_told_leaves_a_toast_as_it_is():
    toast = gr.Error("as it is")

    @notices.told
    def call():
        raise toast

    with pytest.raises(gr.Error) as caught:
        call()
    assert caught.value is toast


def test_closing_a_told_stream_closes_the_handler():
    ended = []

    @notices.told
    def stream():
        try:
            yield 1
        finally:
            ended.append(True)

    steps = stream()
    next(steps)
    steps.close()
    assert ended == [True]
