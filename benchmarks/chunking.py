"""How fast is cutting? Ours against chonkie, semantic-text-splitter, LangChain and llama-index, same tokenizer.

    python -m benchmarks.chunking [--rounds 3] [FILE …]

`cold`: tokenizer loaded, nothing known of the text. `again`: the same text at a new chunk_size, which for the others is
the whole work and for us arithmetic on the text map. Peers that are not installed are left out and named. Each
round gives every splitter a fresh object, so that no cache of an earlier round helps it. Ends in one JSON line.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag_core import ChunkSettings
from rag_core.chunking import Cutter, cut
from rag_core.embedding.tokenizer import FastTokenizer
from rag_core.textmap import TextMapper

from .common import embedder_folder, finish, interleaved
from .corpus import real_text

Splitter = Callable[[str, int, int], Any]  # text, chunk_size, chunk_overlap


def main() -> None:
    """Measure, print a table, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    text = real_text(arguments.files)
    tokenizer = FastTokenizer(embedder_folder())
    peers, absent = _peers()
    chunks = _check(text, tokenizer)

    cold = interleaved(
        {"ours": lambda: _ours(text, tokenizer, 256, 32)}
        | {name: (lambda split=split: split(text, 256, 32)) for name, split in peers.items()},
        arguments.rounds,
    )
    cutter = Cutter(text, TextMapper(tokenizer).map(text), tokenizer)
    sizes = iter(range(1000))
    again = interleaved({"ours": lambda: _texts(text, cutter.cut(ChunkSettings(200 + next(sizes), 32)))}, 50)["ours"]

    fastest = min((seconds for name, seconds in cold.items() if name != "ours"), default=float("nan"))
    size = len(text.encode()) / 1e6
    print(f"{size:.2f} MB, {chunks} chunks of at most 256 tokens, overlap 32; all invariants hold")
    for name, seconds in sorted(cold.items(), key=lambda item: item[1]):
        print(f"{name:24} {seconds:8.3f} s  {size / seconds:6.2f} MB/s")
    print(f"{'ours, a new size':24} {again:8.4f} s  {fastest / again:6.0f} times as fast as the fastest other")
    for name in absent:
        print(f"{name} is not installed")
    finish(
        {
            "benchmark": "chunking",
            "megabytes": round(size, 3),
            "seconds": {name: round(seconds, 4) for name, seconds in cold.items()},
            "cold_ratio": round(fastest / cold["ours"], 2),
            "again_seconds": round(again, 5),
            "again_ratio": round(fastest / again, 1),
            "absent": absent,
        }
    )


def _ours(text: str, tokenizer: FastTokenizer, size: int, overlap: int) -> list[str]:
    return _texts(text, cut(text, TextMapper(tokenizer).map(text), ChunkSettings(size, overlap), tokenizer))


def _texts(text: str, chunks: list[Any]) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in chunks]


def _check(text: str, tokenizer: FastTokenizer) -> int:
    """All invariants on this very text, counted anew by the tokenizer."""
    chunks = cut(text, TextMapper(tokenizer).map(text), ChunkSettings(256, 32), tokenizer)
    counts = tokenizer.count(_texts(text, chunks))
    assert [chunk.tokens for chunk in chunks] == counts and max(counts) <= 256
    position = 0
    shared = []
    for chunk in chunks:
        assert text[position : chunk.start].strip() == ""
        if chunk.start < position:
            shared.append(text[chunk.start : position])
        assert chunk.end > position
        position = chunk.end
    assert text[position:].strip() == ""
    assert max(tokenizer.count(shared)) <= 32
    return len(chunks)


def _peers() -> tuple[dict[str, Splitter], list[str]]:
    makers = {
        "chonkie Recursive": _chonkie_recursive,
        "chonkie Token": _chonkie_token,
        "semantic-text-splitter": _semantic_text_splitter,
        "LangChain Recursive": _langchain,
        "llama-index Sentence": _llama_index,
    }
    peers: dict[str, Splitter] = {}
    absent = []
    for name, make in makers.items():
        try:
            peers[name] = make()
        except ImportError:
            absent.append(name)
    return peers, absent


def _raw_tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedder_folder() / "tokenizer.json"))
    tokenizer.no_truncation()  # the file truncates at 128 tokens
    tokenizer.no_padding()
    return tokenizer


def _chonkie_recursive() -> Splitter:
    from chonkie import RecursiveChunker

    # it has no overlap of its own
    return lambda text, size, _: RecursiveChunker(tokenizer=_raw_tokenizer(), chunk_size=size).chunk(text)


def _chonkie_token() -> Splitter:
    from chonkie import TokenChunker

    return lambda text, size, overlap: TokenChunker(_raw_tokenizer(), chunk_size=size, chunk_overlap=overlap).chunk(
        text
    )


def _semantic_text_splitter() -> Splitter:
    from semantic_text_splitter import TextSplitter

    return lambda text, size, overlap: TextSplitter.from_huggingface_tokenizer(
        _raw_tokenizer(), size, overlap=overlap
    ).chunks(text)


def _langchain() -> Splitter:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    def split(text: str, size: int, overlap: int) -> list[str]:
        tokenizer = _raw_tokenizer()

        def count(part: str) -> int:
            return len(tokenizer.encode(part, add_special_tokens=False))

        return RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap, length_function=count).split_text(
            text
        )

    return split


def _llama_index() -> Splitter:
    from llama_index.core.node_parser import SentenceSplitter

    def split(text: str, size: int, overlap: int) -> list[str]:
        tokenizer = _raw_tokenizer()

        def tokens(part: str) -> list[int]:
            return tokenizer.encode(part, add_special_tokens=False).ids

        return SentenceSplitter(chunk_size=size, chunk_overlap=overlap, tokenizer=tokens).split_text(text)

    return split


if __name__ == "__main__":
    main()
