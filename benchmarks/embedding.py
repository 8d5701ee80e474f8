"""How fast is embedding? Texts per second, ours against sentence-transformers' `encode` in float32, side by side.

    python -m benchmarks.embedding [--rounds 5]

64 texts of about 256 tokens and 256 of about 40, as a person's documents have them: no two of one length. Interleaved
rounds; the median of each. Ends in one JSON line.
"""

import argparse

import numpy as np

from rag_core import ChunkSettings
from rag_core.chunking import cut
from rag_core.embedding.transformers import TransformersEmbedder
from rag_core.textmap import TextMapper

from .common import embedder_folder, finish, interleaved
from .corpus import real_text


def main() -> None:
    """Measure, print a table, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    from sentence_transformers import SentenceTransformer

    folder = embedder_folder()
    ours = TransformersEmbedder(folder)
    theirs = SentenceTransformer(str(folder), device="cpu")
    result: dict[str, object] = {"benchmark": "embedding"}
    for tokens, count in ((256, 64), (40, 256)):
        texts = _texts(ours, tokens, count)
        mean = float(np.mean(ours.tokenizer.count(texts)))
        cosine = float((ours.embed_passages(texts) * theirs.encode(texts, normalize_embeddings=True)).sum(axis=1).min())
        tasks = {
            "ours": lambda texts=texts: ours.embed_passages(texts),
            "sentence-transformers": lambda texts=texts: theirs.encode(texts, normalize_embeddings=True),
        }
        seconds = interleaved(tasks, arguments.rounds)
        ratio = seconds["sentence-transformers"] / seconds["ours"]
        for name, value in seconds.items():
            print(f"{mean:5.0f} tokens  {name:24} {count / value:8.1f} texts/s")
        print(f"{mean:5.0f} tokens  ratio {ratio:.2f}, least cosine {cosine:.6f}")
        result[f"at_{tokens}"] = {
            "texts_per_second": {name: round(count / value, 1) for name, value in seconds.items()},
            "ratio": round(ratio, 3),
            "least_cosine": round(cosine, 6),
        }
    finish(result)


def _texts(embedder: TransformersEmbedder, tokens: int, count: int) -> list[str]:
    text = real_text([], 600_000)
    chunks = cut(text, TextMapper(embedder.tokenizer).map(text), ChunkSettings(tokens), embedder.tokenizer)
    long = [chunk for chunk in chunks if chunk.tokens >= 0.85 * tokens]
    picked = np.random.default_rng(1).permutation(len(long))[:count]
    return [text[long[i].start : long[i].end] for i in picked]


if __name__ == "__main__":
    main()
