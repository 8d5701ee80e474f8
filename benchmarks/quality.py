"""How good is retrieval? The four recipes over a question set with known answers, at default settings.

    python -m benchmarks.quality [QUESTIONS.jsonl FILE …]

Without arguments: the sample's own questions over its own documents. Builds a fresh index with the default embedder,
then evaluates each recipe; 95 % intervals by bootstrap over questions. Ends in one JSON line.
"""

import argparse
import tempfile
from pathlib import Path

from rag_core import SearchSettings, Workbench
from rag_core.evaluating import as_json
from rag_core.settings import MODES

from .common import finish

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SHOWN = ("recall", "recall@1000", "hit@1", "mrr", "tokens")


def main() -> None:
    """Build, measure, print a table, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="?", type=Path, default=EXAMPLES / "questions.jsonl")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--top-k", type=int, default=5)
    arguments = parser.parse_args()
    files = arguments.files or [EXAMPLES / "furniture", EXAMPLES / "documents"]
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        bench.build("quality", files)
        result: dict[str, object] = {"benchmark": "quality", "questions": arguments.questions.name}
        for mode in MODES:
            report = bench.evaluate("quality", arguments.questions, SearchSettings(arguments.top_k, mode))
            result[mode] = as_json(report)
            figures = "  ".join(f"{name} {report.means[name]:.3f}" for name in SHOWN)
            low, high = report.intervals["recall"]
            print(f"{mode:8} {figures}  (recall {low:.3f} to {high:.3f}, {report.questions} questions)")
        bench.close()
    finish(result)


if __name__ == "__main__":
    main()
