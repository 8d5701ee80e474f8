"""The command line: `python -m rag_core COMMAND …`. One JSON document on stdout with --json, errors as one sentence.

Knows nothing but the Workbench; every command is a function from parsed arguments to a JSON object.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import AnswerSettings, ChunkSettings, ModelSettings, RagError, SearchSettings, Workbench
from .evaluating import as_json
from .settings import CHUNK_OVERLAP, CHUNK_SIZE, FLOOR, MODES, STOP, TOP_K, WEIGHT
from .types import Progress

Json = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status: 0, or 2 after a sentence on stderr."""
    arguments = _parser().parse_args(argv)
    # a command never fetches anything by itself
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    bench: Workbench | None = None
    try:
        settings = ModelSettings.from_env()
        bench = Workbench(arguments.indices, arguments.models, settings=settings)
        result = arguments.run(bench, arguments)
    except RagError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. What was embedded until now is kept.", file=sys.stderr)
        return 2
    finally:
        if bench is not None:
            bench.close()
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(arguments.tell(result))
    return 0


def chunks(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Cut one file, without an index."""
    document, cut, tokens = bench.cut_file(arguments.file, _chunk_settings(arguments) or ChunkSettings())
    return {
        "document": document.name,
        "chars": len(document.text),
        "tokens": tokens,
        "chunks": [
            {"start": c.start, "end": c.end, "tokens": c.tokens, "text": document.text[c.start : c.end]} for c in cut
        ],
    }


def build(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Add files to an index."""
    progress = None if arguments.json or not sys.stderr.isatty() else _show_progress
    defaults = _chunk_settings(arguments)
    report = bench.build(arguments.name, arguments.paths, defaults, progress=progress)
    return {
        "index": report.index,
        "documents": report.documents,
        "units": report.units,
        "skipped": [{"name": s.name, "reason": s.reason} for s in report.skipped],
        "added": len(report.added),
        "replaced": len(report.replaced),
        "unchanged": len(report.unchanged),
        "embedded": report.embedded,
        "reused": report.reused,
        "seconds": round(report.seconds, 3),
    }


def search(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Find passages."""
    return {"hits": [hit.as_json() for hit in bench.search(arguments.name, arguments.query, _search(arguments))]}


def ask(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Answer a question."""
    answer_settings = AnswerSettings(max_tokens=arguments.max_tokens) if arguments.max_tokens else None
    *_, answer = bench.ask(arguments.name, arguments.query, _search(arguments), answer_settings)
    return {
        "answer": answer.text,
        "citations": [
            {"passage": c.passage, "document": c.document, "start": c.start, "end": c.end, "text": c.text}
            for c in answer.citations
        ],
        "prompt_tokens": answer.prompt_tokens,
        "answer_tokens": answer.answer_tokens,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "note": answer.note,
    }


def evaluate(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Measure retrieval on questions with known answers."""
    return as_json(bench.evaluate(arguments.name, arguments.questions, _search(arguments)))


def list_indices(bench: Workbench, _: argparse.Namespace) -> Json:
    """Which indices there are."""
    return {
        "indices": [
            {
                "name": info.name,
                "documents": info.documents,
                "sentences": info.sentences,
                "tokens": info.tokens,
                "vectors": info.vectors,
                "embedder": info.embedder,
                "bytes": info.size,
                "problem": info.problem,
            }
            for info in bench.list()
        ]
    }


def reembed(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Embed an index anew with the embedder that is loaded."""
    bench.reembed(arguments.name)
    info = bench.info(arguments.name)
    return {"index": info.name, "documents": info.documents, "embedder": info.embedder}


def delete(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Move an index into the trash."""
    bench.delete(arguments.name)
    return {"deleted": arguments.name}


def export(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Write the article's two files."""
    return {"files": [str(path) for path in bench.export(arguments.name, arguments.folder)]}


def import_(bench: Workbench, arguments: argparse.Namespace) -> Json:
    """Read the article's two files."""
    report = bench.import_(arguments.name, arguments.folder)
    return {"index": report.index, "documents": report.documents, "units": report.units, "reused": report.reused}


def models(bench: Workbench, _: argparse.Namespace) -> Json:
    """Which models there are."""
    return {
        "models": [
            {"name": m.name, "kind": m.kind, "path": m.path, "bytes": m.size, "origin": m.origin, "problem": m.problem}
            for m in bench.models()
        ]
    }


def doctor(bench: Workbench, _: argparse.Namespace) -> Json:
    """Check what an answer needs, part by part."""
    return {"checks": [{"part": check.part, "ok": check.ok, "detail": check.detail} for check in bench.doctor()]}


def _search(arguments: argparse.Namespace) -> SearchSettings:
    return SearchSettings(
        top_k=arguments.top_k,
        mode=arguments.mode,
        chunk_size=arguments.chunk_size,
        chunk_overlap=arguments.chunk_overlap,
        weight=arguments.weight,
        floor=arguments.floor,
        stop=arguments.stop,
    )


def _chunk_settings(arguments: argparse.Namespace) -> ChunkSettings | None:
    if arguments.chunk_size is None and arguments.chunk_overlap is None:
        return None
    default = ChunkSettings()
    return ChunkSettings(
        chunk_size=default.chunk_size if arguments.chunk_size is None else arguments.chunk_size,
        chunk_overlap=default.chunk_overlap if arguments.chunk_overlap is None else arguments.chunk_overlap,
    )


def _show_progress(progress: Progress) -> None:
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    line = f"\r{progress.stage} {progress.done} of {progress.total}{left} {progress.name}"
    print(line[:100].ljust(100), end="\r", file=sys.stderr, flush=True)


def _tell(result: Json) -> str:
    """A result for people: one line an item, one line a figure."""
    lines: list[str] = []
    for key, value in result.items():
        if isinstance(value, list):
            lines += [_tell_item(item) for item in value]
        elif value not in ("", None):
            lines.append(f"{key}: {value}")
    return "\n".join(lines)


def _tell_item(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    figures = [f"{v:.3f}" if isinstance(v, float) else str(v) for k, v in item.items() if v is not None and k != "text"]
    text = " ".join(str(item["text"]).split()) if "text" in item else ""
    return "  ".join([*figures, text[:100] + ("…" if len(text) > 100 else "")]).rstrip()


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--indices", type=Path, help="folder of indices (default: indices/ beside app.py)")
    common.add_argument("--models", type=Path, help="folder of models (default: models/ beside app.py)")
    common.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser = argparse.ArgumentParser(prog="python -m rag_core", description="RAGscope from the shell.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., Json], *positionals: str, tell: Callable[[Json], str] = _tell) -> Any:
        sub = commands.add_parser(name, parents=[common], help=run.__doc__, description=run.__doc__)
        for positional in positionals:
            sub.add_argument(positional)
        sub.set_defaults(run=run, tell=tell)
        return sub

    sub = command("chunks", chunks, "file")
    _add_sizes(sub)
    sub = command("build", build, "name")
    sub.add_argument("paths", nargs="+", type=Path)
    _add_sizes(sub)
    for name, run in (("search", search), ("ask", ask)):
        sub = command(name, run, "name", "query")
        _add_search(sub)
        if run is ask:
            sub.add_argument("--max-tokens", type=int)
    sub = command("evaluate", evaluate, "name", "questions")
    _add_search(sub)
    command("list", list_indices)
    command("reembed", reembed, "name")
    command("delete", delete, "name")
    command("export", export, "name", "folder")
    command("import", import_, "name", "folder")
    command("models", models)
    command("doctor", doctor)
    return parser


def _add_search(parser: argparse.ArgumentParser) -> None:
    _add_sizes(parser)
    parser.add_argument("--top-k", type=int, default=int(TOP_K.default))
    parser.add_argument("--mode", choices=MODES, default=MODES[0])
    for spec in (WEIGHT, FLOOR, STOP):
        parser.add_argument(f"--{spec.name}", type=float, default=spec.default, help=f"{spec.low:g} to {spec.high:g}")


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chunk-size", type=int, help=f"tokens, {CHUNK_SIZE.low:g} to {CHUNK_SIZE.high:g}")
    parser.add_argument("--chunk-overlap", type=int, help=f"tokens, {CHUNK_OVERLAP.low:g} to chunk_size - 1")


if __name__ == "__main__":
    sys.exit(main())
