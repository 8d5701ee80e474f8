"""The rules of the tree that must hold even where import-linter is not installed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "rag_core").rglob("*.py"))
WEB = sorted((ROOT / "rag_web").rglob("*.py"))
EDGES = ("rag_core/settings.py", "rag_core/__main__.py")  # where environment, arguments and printing belong
SIBLINGS = ("textmap", "chunking", "stores", "prompting", "loading")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def package_of(path: Path) -> list[str]:
    return list(path.relative_to(ROOT).parent.parts)


def imported(path: Path, top_level_only: bool = False) -> set[str]:
    """Absolute names of the modules that a file imports, a `from` import's names included."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.iter_child_nodes(tree) if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path)
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def offenders(paths: list[Path], forbidden: tuple[str, ...], **how: bool) -> list[str]:
    return [
        f"{module_name(path)} imports {name}"
        for path in paths
        for name in sorted(imported(path, **how))
        if any(within(name, package) for package in forbidden)
    ]


def test_the_core_knows_no_page_and_no_http():
    assert offenders(CORE, ("gradio", "fastapi", "starlette", "uvicorn", "rag_web", "app")) == []


def test_the_page_does_not_know_app():
    assert offenders(WEB, ("app",)) == []


def test_the_core_loads_heavy_packages_only_inside_functions():
    assert offenders(CORE, ("torch", "transformers", "llama_cpp"), top_level_only=True) == []


def test_views_know_no_gradio():
    views = [path for path in WEB if within(module_name(path), "rag_web.views")]
    assert offenders(views, ("gradio",)) == []


@pytest.mark.parametrize("name", SIBLINGS)
def test_siblings_of_the_core_do_not_import_each_other(name):
    own = [path for path in CORE if within(module_name(path), f"rag_core.{name}")]
    others = tuple(f"rag_core.{other}" for other in SIBLINGS if other != name)
    assert own, f"rag_core.{name} is gone; amend SIBLINGS"
    assert offenders(own, others) == []


def test_a_tab_does_not_import_another_tab():
    tabs = [path for path in WEB if path.parent.name == "tabs" and path.stem != "__init__"]
    for tab in tabs:
        others = tuple(f"rag_web.tabs.{other.stem}" for other in tabs if other != tab)
        assert offenders([tab], others) == []


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("rag_core", {"torch", "transformers", "llama_cpp", "gradio"}),
        ("rag_web.rest", {"torch", "transformers", "llama_cpp", "gradio"}),
        ("rag_web.arguments", {"torch", "transformers", "llama_cpp", "gradio", "numpy"}),
    ],
)
def test_importing_stays_light(package, heavy):
    code = f"import sys, {package}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert heavy.isdisjoint(run.stdout.split())


def sins(path: Path) -> list[str]:
    """What a module of the core does that only an edge may."""
    found = []
    edge = path.relative_to(ROOT).as_posix() in EDGES
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        where = f"{module_name(path)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Global):
            found.append(f"{where} global")
        elif isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _raises_again(node):
            found.append(f"{where} except Exception")
        elif edge:
            continue
        elif isinstance(node, ast.Name) and node.id == "print":
            found.append(f"{where} print")
        elif isinstance(node, ast.Attribute) and node.attr in ("argv", "environ", "getenv"):
            found.append(f"{where} {node.attr}")
    return found


def _catches_all(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or (isinstance(one, ast.Name) and one.id in ("Exception", "BaseException")) for one in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


@pytest.mark.parametrize("path", CORE, ids=module_name)
def test_the_core_keeps_to_its_manners(path):
    assert sins(path) == []
