"""How long until the page answers? Cold start to HTTP 200, against a Gradio app of one Markdown line.

    python -m benchmarks.startup [--rounds 5]

Each start is a process of its own on a free port, in turn, with a folder of indices that already holds the sample
(the second start of a person's day). Ends in one JSON line.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from .common import finish

ROOT = Path(__file__).resolve().parent.parent
_PLAIN = """
import sys, gradio as gr
with gr.Blocks() as page:
    gr.Markdown("hello")
page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)
"""


def main() -> None:
    """Measure in turn, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    build = [sys.executable, "-m", "rag_core", "build", "furniture", "examples/furniture", "--indices", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    ours = [sys.executable, "app.py", "--no-browser", "--indices", str(folder), "--port"]
    plain = [sys.executable, "-c", _PLAIN]
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(arguments.rounds + 1):  # the first round warms the disk and is left out
        seconds["ours"].append(_start(ours))
        seconds["plain"].append(_start(plain))
    shutil.rmtree(folder)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    ratio = medians["ours"] / medians["plain"]
    print(f"ours {medians['ours']:.2f} s, one Markdown {medians['plain']:.2f} s, ratio {ratio:.2f}")
    finish({"benchmark": "startup", **{k: round(v, 3) for k, v in medians.items()}, "ratio": round(ratio, 3)})


def _start(command: list[str]) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
                    answer.read()
                    return time.perf_counter() - began
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None:
                    raise RuntimeError(f"{command} ended before it answered") from None
                time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
