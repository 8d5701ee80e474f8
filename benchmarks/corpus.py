"""Real text for measurements, the same on every machine: Python's own language reference and its library's docstrings.

About 1.4 MB of English prose, lists, tables and code. Texts given on the command line take its place.
"""

import ast
import pydoc_data.topics
import sysconfig
from pathlib import Path


def real_text(paths: list[Path], characters: int = 1_400_000) -> str:
    """The files' text, or the reference and as many docstrings as it takes."""
    if paths:
        return "\n\n".join(path.read_bytes().decode("utf-8") for path in paths)
    parts = [pydoc_data.topics.topics[key] for key in sorted(pydoc_data.topics.topics)]
    size = sum(map(len, parts))
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("**/*.py")):
        if size > characters:
            break
        if "test" not in path.parts and "site-packages" not in path.parts:
            found = _docstrings(path)
            parts += found
            size += sum(map(len, found))
    return "\n\n".join(parts)[:characters]


def _docstrings(path: Path) -> list[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
    return [text for text in texts if text and len(text) > 80]
