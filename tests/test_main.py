"""The command line: one JSON document on stdout, errors as one sentence on stderr with status 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag_core import Workbench
from rag_core import __main__ as shell
from rag_core.embedding.hashing import HashingEmbedder

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _no_models(monkeypatch):
    def make(*args, **kwargs):
        return Workbench(*args, embedder=HashingEmbedder(), **kwargs)

    monkeypatch.setattr(shell, "Workbench", make)
    monkeypatch.setattr("rag_core.engines.find_chat", lambda models, wanted: None)


@pytest.fixture
def run(tmp_path, capsys):
    def run(*argv):
        status = shell.main([*map(str, argv), "--indices", str(tmp_path / "i"), "--models", str(tmp_path / "m")])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "sofa.txt").write_text("A sofa in grey wool. It seats three.")
    (folder / "의자.txt").write_text("참나무 의자입니다. 팔걸이가 있습니다.", encoding="utf-8")
    (folder / "bad.json").write_text("{")
    return folder


def test_chunks(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("One two three.\r\nFour five six. 일곱 여덟.".encode())
    status, out, err = run("chunks", path, "--chunk-size", 8, "--chunk-overlap", 2, "--json")
    result = json.loads(out)
    text = path.read_bytes().decode()
    assert (status, err) == (0, "")
    assert list(result) == ["document", "chars", "tokens", "chunks"]
    assert result["chars"] == len(text)
    for chunk in result["chunks"]:
        assert list(chunk) == ["start", "end", "tokens", "text"]
        assert text[chunk["start"] : chunk["end"]] == chunk["text"]
        assert chunk["tokens"] <= 8


def test_build_search_ask_list_export_import_delete(run, files, tmp_path):
    status, out, _ = run("build", "home", files, "--chunk-size", 64, "--json")
    built = json.loads(out)
    assert status == 0
    assert (built["index"], built["documents"]) == ("home", 2)
    assert built["units"] == 2 and built["seconds"] >= 0
    assert built["skipped"][0]["name"] == "bad.json" and built["skipped"][0]["reason"]

    hits = json.loads(run("search", "home", "grey sofa", "--top-k", 1, "--json")[1])["hits"]
    assert len(hits) == 1
    assert list(hits[0]) == ["rank", "score", "dense", "keyword", "document", "start", "end", "tokens", "text"]
    assert hits[0]["document"] == "sofa.txt" and 0 <= hits[0]["score"] <= 1
    for mode in ("chunks", "dense", "keyword"):
        hits = json.loads(run("search", "home", "grey sofa", "--top-k", 1, "--mode", mode, "--json")[1])["hits"]
        assert hits[0]["document"] == "sofa.txt"
    assert hits[0]["dense"] is None and hits[0]["score"] == hits[0]["keyword"]

    answer = json.loads(run("ask", "home", "How many does the grey sofa seat?", "--json")[1])
    assert {"answer", "citations", "prompt_tokens", "answer_tokens", "model", "finish_reason"} <= answer.keys()
    assert answer["citations"][0]["document"] == "sofa.txt"

    assert json.loads(run("list", "--json")[1])["indices"][0]["name"] == "home"
    assert len(json.loads(run("export", "home", tmp_path / "out", "--json")[1])["files"]) == 2
    assert json.loads(run("import", "copy", tmp_path / "out", "--json")[1])["documents"] == 2
    again = json.loads(run("reembed", "home", "--json")[1])
    assert again == {"index": "home", "documents": 2, "embedder": "hashing-256"}
    assert json.loads(run("delete", "home", "--json")[1]) == {"deleted": "home"}
    assert [i["name"] for i in json.loads(run("list", "--json")[1])["indices"]] == ["copy"]


def test_evaluate(run, files, tmp_path):
    run("build", "home", files)
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "grey sofa", "document": "sofa.txt", "references": [{"start": 0, "end": 20}]}')
    result = json.loads(run("evaluate", "home", path, "--top-k", 5, "--json")[1])
    names = ["recall", "precision", "iou", "recall@1000", "hit@1", "hit@5", "mrr", "tokens"]
    assert list(result) == ["questions", *names, "intervals"]
    assert result["questions"] == 1 and result["recall"] == result["hit@1"] == 1
    assert list(result["intervals"]) == names
    path.write_text('{"question": "x", "document": "gone.txt", "references": [{"start": 0, "end": 20}]}')
    assert "There is no document named 'gone.txt' here" in run("evaluate", "home", path, "--json")[2]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("search", "nope", "x"), "There is no index named 'nope'. There are: none yet."),
        (("chunks", "nothing.txt"), "nothing.txt: "),
        (
            ("chunks", __file__, "--chunk-size", "96", "--chunk-overlap", "128"),
            "chunk_overlap 128 is not below chunk_size 96",
        ),
        (("search", "nope", "x", "--top-k", "0"), "top_k 0 is outside 1 to 1000"),
        (("delete", "../x"), "cannot name an index"),
    ],
)
def test_errors_are_one_sentence_with_status_2(run, argv, message):
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1 and "Traceback" not in err


def test_for_people_it_prints_lines(run, files):
    run("build", "home", files)
    status, out, _ = run("search", "home", "grey sofa")
    assert status == 0
    assert out.splitlines()[0].startswith("1  ") and "sofa.txt" in out


def test_models_and_doctor_answer_in_json(run):
    assert "models" in json.loads(run("models", "--json")[1])
    parts = [check["part"] for check in json.loads(run("doctor", "--json")[1])["checks"]]
    assert "embedder" in parts and "chat model" in parts


def test_it_runs_as_a_module_and_stays_light(tmp_path):
    code = "import sys, rag_core; print([m for m in ('torch','transformers','llama_cpp','gradio') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    argv = [sys.executable, "-m", "rag_core", "list", "--json", "--indices", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"indices": []}\n', "")
