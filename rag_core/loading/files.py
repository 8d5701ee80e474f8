"""Files and folders on disk to Documents.

The only module of loading that touches the disk, and it only reads. Knows nothing of formats.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ..errors import LoadError
from ..types import Document, Skipped
from .common import MAX_BYTES, clean_name, suffix_of
from .loaders import SUFFIXES, load_bytes, loader_for, too_large

_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
# What programs leave beside the documents: lock files of Office, picture caches, macOS resource forks.
_LITTER = frozenset({"Thumbs.db", "desktop.ini", "__MACOSX"})


def load_file(path: Path, name: str | None = None) -> Document:
    """The Document of a regular file of at most 200 MB; `name` is its label, the file's own name if None.

    Raises LoadError with the reason when it is missing, not a regular file, too large or cannot be read.
    """
    label = path.name if name is None else name
    known = label if suffix_of(label) in SUFFIXES else path.name
    loader_for(known)
    return replace(load_bytes(known, _read(path)), name=clean_name(label))


def load_many(files: Iterable[tuple[Path, str]]) -> Iterator[Document | Skipped]:
    """Each (path, name) as a Document, or Skipped with the reason; one bad file never stops the others."""
    for path, name in files:
        try:
            yield load_file(path, name)
        except LoadError as error:
            yield Skipped(clean_name(name), str(error))


def find_files(paths: Sequence[Path]) -> tuple[list[tuple[Path, str]], list[Skipped]]:
    """The files to read, each with a name no other of the batch has, and what is left out with the reason.

    Files as given are named by their file name; a folder's files, in sorted order, by their path relative to it.
    Hidden files in folders are passed over, links are followed only to files within the folder. A path given twice
    is taken once.
    """
    batch = _Batch()
    for path in paths:
        if path.is_dir():
            batch.folder(path)
        elif not os.path.lexists(path):
            batch.skip(path.name or str(path), "there is no such file.")
        else:
            batch.file(path, path.name)
    return batch.found, batch.skipped


@dataclass(slots=True)
class _Batch:
    found: list[tuple[Path, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    seen: set[Path] = field(default_factory=set)

    def file(self, path: Path, name: str) -> None:
        absolute = Path(os.path.abspath(path))
        if absolute in self.seen:
            return
        self.seen.add(absolute)
        try:
            loader_for(name)
        except LoadError as error:
            self.skip(name, str(error))
        else:
            self.found.append((path, self._free_name(clean_name(name))))

    def folder(self, root: Path) -> None:
        inside = root.resolve()
        for folder, folders, files in os.walk(root, onerror=lambda error: self._closed(root, error)):
            here = Path(folder)
            folders[:] = sorted(
                name for name in folders if not _is_hidden(name) and not self._is_link(root, here / name)
            )
            for name in sorted(files):
                path = here / name
                if _is_hidden(name):
                    continue
                label = path.relative_to(root).as_posix()
                if path.is_symlink() and not path.resolve().is_relative_to(inside):
                    self.skip(label, "it is a link that leads out of its folder. Give the file itself.")
                else:
                    self.file(path, label)

    def skip(self, name: str, reason: str) -> None:
        self.skipped.append(Skipped(clean_name(name), reason))

    def _is_link(self, root: Path, folder: Path) -> bool:
        if folder.is_symlink():
            self.skip(folder.relative_to(root).as_posix(), "it is a link to a folder. Give the folder itself.")
            return True
        return False

    def _closed(self, root: Path, error: OSError) -> None:
        folder = Path(error.filename or root)
        label = folder.relative_to(root).as_posix() if folder != root else root.name
        self.skip(label, f"the folder cannot be opened: {error.strerror}.")

    def _free_name(self, name: str) -> str:
        """`name`, or "name (2).txt" and so on when the batch has it already."""
        path, free, number = PurePosixPath(name), name, 1
        while free in self.names:
            number += 1
            free = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self.names.add(free)
        return free


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name in _LITTER


def _read(path: Path) -> bytes:
    """The bytes of a regular file; the size is checked before and while it is read."""
    try:
        _check(path.stat())
        # Opening a pipe would wait for a writer, should one have taken the file's place by now.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            _check(os.fstat(descriptor))
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise LoadError("there is no such file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(f"it cannot be opened: {reason}. Check that it is there and may be read.") from error
    if len(data) > MAX_BYTES:
        raise too_large(len(data))
    return data


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((words for test, words in _KINDS if test(status.st_mode)), "a device")
        raise LoadError(f"it is {kind}, not a file.")
    if status.st_size > MAX_BYTES:
        raise too_large(status.st_size)
