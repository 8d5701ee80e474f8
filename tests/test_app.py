import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import app
from rag_core import Workbench
from rag_core.embedding.hashing import HashingEmbedder
from rag_web.arguments import parse

ROOT = Path(__file__).parent.parent
SET_BY_APP = ("GRADIO_ANALYTICS_ENABLED", "GRADIO_RUN_HISTORY", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE")


@pytest.fixture
def environment(monkeypatch):
    """app.main sets these for its own process; put them back afterwards."""
    for name in SET_BY_APP:
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return monkeypatch


def test_nothing_is_said_and_everything_has_a_default():
    args = parse([])
    assert (args.host, args.port, args.share, args.share_rest, args.browser) == ("127.0.0.1", None, False, False, None)
    assert (args.indices, args.models, args.embedder, args.chat, args.n_gpu_layers) == (None,) * 5
    assert parse(["--no-browser"]).browser is False
    assert parse(["--allow-host", "a", "--allow-host", "b"]).allow_host == ["a", "b"]


def test_app_is_thin_and_does_nothing_at_import():
    lines = (ROOT / "app.py").read_text("utf-8").splitlines()
    assert len(lines) <= 60
    code = "import sys, app; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"gradio", "numpy", "rag_core"}.isdisjoint(run.stdout.split())


def test_serving_loads_no_model_packages():
    code = "import sys, rag_web.serving, rag_web.page; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "llama_cpp"}.isdisjoint(run.stdout.split())


@pytest.mark.parametrize(
    ("argv", "environ", "said"),
    [
        (["--share", "--share-password", "short"], {}, "--share-password has 5 characters"),
        ([], {"RAGSCOPE_N_CTX": "many"}, "RAGSCOPE_N_CTX='many' is not a whole number."),
        (["--n-gpu-layers", "-5"], {}, "n_gpu_layers -5 is outside -1 to 10000."),
    ],
)
def test_what_is_in_the_way_is_one_sentence_and_exit_2(argv, environ, said, environment, capsys):
    for name, value in environ.items():
        environment.setenv(name, value)
    assert app.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_a_taken_port_is_told(environment, capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app.main(["--port", str(port), "--indices", str(tmp_path)]) == 2
    assert f"RAGscope cannot listen at 127.0.0.1:{port}." in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_cleanly(tmp_path, stop):
    bench = Workbench(tmp_path / "indices", embedder=HashingEmbedder())
    bench.create("empty")  # so that the sample is not built
    bench.close()
    command = [sys.executable, "app.py", "--indices", str(tmp_path / "indices"), "--models", str(tmp_path), "--port"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen([*command, port], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == f"RAGscope is at http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as health:
            assert health.status == 200
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in err
