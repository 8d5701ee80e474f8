"""What the documents say is there is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [path for path in ROOT.glob("*.md") if path.is_file()]
MODULES = [*sorted((ROOT / "rag_core").rglob("*.py")), *sorted((ROOT / "rag_web").rglob("*.py")), ROOT / "app.py"]
LINK = re.compile(r"(?:\]\(|(?:src|href)=\")(?!https?:|mailto:|#)([^)\s\"#]+)")
TREE_ENTRY = re.compile(r"^(?P<indent>[ │├└─|`]*)(?P<names>[\w.*][^#]*)")


def readme() -> str:
    if not README.exists():
        pytest.skip("there is no README.md here")
    return README.read_text("utf-8")


def annotated_tree(text: str) -> list[str]:
    """The paths in the fenced block that draws the tree: the first word of each line, and those after " · "."""
    block = next((b for b in re.findall(r"```\w*\n(.*?)```", text, re.S) if re.search(r"^app\.py\s", b, re.M)), "")
    paths: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in block.splitlines():
        entry = TREE_ENTRY.match(line)
        if not entry:
            continue
        indent = len(entry["indent"])
        if parents and indent > parents[-1][0] + 12:
            continue  # a description that runs on
        while parents and parents[-1][0] >= indent:
            parents.pop()
        name = entry["names"].split()[0].rstrip(",")
        paths.append("/".join([*(parent for _, parent in parents), name.rstrip("/")]))
        if name.endswith("/"):
            parents.append((indent, name.rstrip("/")))
    return paths


def test_the_readme_names_the_words_that_run_and_test_it():
    text = readme()
    assert "make run" in text
    assert "make test" in text


def test_every_path_in_the_readmes_tree_exists():
    paths = annotated_tree(readme())
    assert len(paths) > 10, "the README has no annotated tree that starts with app.py"
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_tree_is_read_as_it_is_drawn():
    lines = ["app.py   thin", "rag_core/   core", "  types.py   nouns", "  llms/   models", "    a.py   one", "tests/"]
    drawn = "```\n" + "\n".join(lines) + "\n```"
    assert annotated_tree(drawn) == [
        "app.py",
        "rag_core",
        "rag_core/types.py",
        "rag_core/llms",
        "rag_core/llms/a.py",
        "tests",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_local_files_lead_somewhere(document):
    targets = LINK.findall(document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_changelog_has_a_place_for_the_next_line():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## \[(Unreleased|\d+\.\d+\.\d+)\]", text, re.M)


def test_the_changelog_knows_the_version():
    from rag_web import __version__

    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("word", ["run", "test", "check", "format", "bench", "clean"])
def test_the_makefile_has_the_words(word):
    assert re.search(rf"^{word}:", (ROOT / "Makefile").read_text("utf-8"), re.M)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_it_does(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
