"""How fast is a question? The field from 10,000 to 1,000,000 sentences, and exact cosine against faiss IndexFlatIP.

    python -m benchmarks.search [--sizes 10000,100000,1000000] [--questions 30]

Sentences are drawn from real text and told apart by a word of their own; vectors are random unit rows, since only
their number costs time. `field` is everything after the question's vector: cosines, BM25, smoothing and five passages.
Ends in one JSON line.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from rag_core.embedding.tokenizer import FastTokenizer
from rag_core.field import Table
from rag_core.stores.exact import ExactStore
from rag_core.textmap import TextMapper
from rag_core.types import Document

from .common import embedder_folder, finish
from .corpus import real_text

_DIMENSIONS = 384


def main() -> None:
    """Measure every size, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--questions", type=int, default=30)
    arguments = parser.parse_args()
    result: dict[str, object] = {"benchmark": "search"}
    for size in map(int, arguments.sizes.split(",")):
        rng = np.random.default_rng(7)
        result[f"{size}"] = _measure(size, arguments.questions, rng) | _against_faiss(size, arguments.questions, rng)
    finish(result)


def _measure(size: int, questions: int, rng: np.random.Generator) -> dict[str, float]:
    began = time.perf_counter()
    table, asked = _table(size, questions, rng)
    made = time.perf_counter() - began
    units = int(table.first_unit[-1])
    store = ExactStore(_DIMENSIONS)
    store.add(_unit_rows(units, rng))
    queries = _unit_rows(questions, rng)

    def ask(i: int) -> None:
        scores = table.scores(asked[i], store.scores(queries[i]), 0.5)
        passages = table.passages(scores.field, 200, 0.85)
        for _ in range(5):
            next(passages)

    field = _medians(ask, questions)
    figures = {"sentences": len(table), "units": units, "table_seconds": round(made, 2), "field_ms": round(field, 2)}
    print(f"{len(table):9,} sentences, {units:9,} units: field {field:7.2f} ms; table made in {made:.1f} s")
    return figures


def _against_faiss(size: int, questions: int, rng: np.random.Generator) -> dict[str, float]:
    """Exact search over `size` vectors, ours and faiss in turn, ten best each."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed")
        return {}
    rows, queries = _unit_rows(size, rng), _unit_rows(questions, rng)
    store, flat = ExactStore(_DIMENSIONS), faiss.IndexFlatIP(_DIMENSIONS)
    store.add(rows)
    flat.add(rows)

    def ours(i: int) -> list[int]:
        return store.nearest(queries[i], 10).tolist()

    def theirs(i: int) -> list[int]:
        return flat.search(queries[i : i + 1], 10)[1][0].tolist()

    same = sum(set(ours(i)) == set(theirs(i)) for i in range(questions)) / questions
    seconds: dict[str, list[float]] = {"ours": [], "faiss": []}
    for i in range(questions):
        for name, task in (("ours", ours), ("faiss", theirs)):
            began = time.perf_counter()
            task(i)
            seconds[name].append(time.perf_counter() - began)
    medians = {name: 1000 * statistics.median(values) for name, values in seconds.items()}
    ratio = medians["ours"] / medians["faiss"]
    ours_ms, faiss_ms = medians["ours"], medians["faiss"]
    print(f"{size:9,} vectors: ours {ours_ms:.2f} ms, faiss {faiss_ms:.2f} ms, {ratio:.2f}; same ten {same:.0%}")
    return {
        "dense_ms": round(medians["ours"], 3),
        "faiss_ms": round(medians["faiss"], 3),
        "dense_ratio": round(ratio, 3),
    }


def _table(size: int, questions: int, rng: np.random.Generator) -> tuple[Table, list[str]]:
    sentences = [line.strip() for line in real_text([]).replace("\n", " ").split(". ") if 30 < len(line.strip()) < 300]
    picked = rng.integers(0, len(sentences), size)
    texts = [f"{sentences[n]} item{i}." for i, n in enumerate(picked)]
    documents = [Document(str(at), f"{at}.txt", " ".join(texts[at : at + 1000])) for at in range(0, size, 1000)]
    mapper = TextMapper(FastTokenizer(embedder_folder()))
    maps = [mapper.map(document.text) for document in documents]
    asked = [" ".join(texts[n].split()[:9]) for n in rng.integers(0, size, questions)]
    return Table(documents, maps), asked


def _unit_rows(count: int, rng: np.random.Generator) -> np.ndarray:
    rows = rng.standard_normal((count, _DIMENSIONS), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _medians(task: Callable[[int], None], rounds: int) -> float:
    seconds = []
    for i in range(rounds):
        began = time.perf_counter()
        task(i)
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds)


if __name__ == "__main__":
    main()
