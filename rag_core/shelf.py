"""The folder of indices: which there are, opening, creating, deleting into a trash.

Knows nothing of models or search.
"""

import re
import threading
import time
from pathlib import Path

from .errors import IndexMissing, SettingError, StoreError
from .index import Index

SUFFIX = ".sqlite"
_NAME = re.compile(r"[\w][\w .()+-]{0,63}")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def checked_name(name: object) -> str:
    """The name without blanks around it; SettingError unless it is a plain file name on every system."""
    text = name.strip() if isinstance(name, str) else ""
    if not _NAME.fullmatch(text) or text.endswith(".") or _RESERVED.fullmatch(text):
        raise SettingError(
            f"{text or 'An empty name'!r} cannot name an index. Use up to 64 letters, digits, spaces and . - _ ( ) +, "
            "beginning with a letter or digit."
        )
    return text


class Shelf:
    """Index files in one folder; each is opened once per process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._open: dict[str, Index] = {}

    def names(self) -> list[str]:
        """Indices that were saved at least once, by name. A damaged file is listed; opening it says what is wrong."""
        if not self.folder.is_dir():
            return []
        return [path.stem for path in sorted(self.folder.glob(f"*{SUFFIX}")) if self._listed(path.stem)]

    def open(self, name: str, *, create: bool = False) -> Index:
        """The index of that name. IndexMissing, StoreError; SettingError for a name that cannot be one."""
        name = checked_name(name)
        with self._lock:
            index = self._open.get(name)
            if index is not None and not index.path.exists():  # deleted from outside
                self._forget(name)
                index = None
            if index is None:
                path = self.folder / f"{name}{SUFFIX}"
                if create:
                    self._make_folder()
                elif not path.is_file():
                    raise self._missing(name)
                index = self._open[name] = Index(path, create=create)
            if not create and not index.committed:
                raise self._missing(name)
            return index

    def delete(self, name: str) -> Path:
        """Move an index into `.trash/`; where it went."""
        with self._lock:
            index = self.open(name)
            self._forget(index.name)
            trash = self.folder / ".trash"
            target = trash / f"{index.name}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}{SUFFIX}"
            try:
                trash.mkdir(exist_ok=True)
                index.path.rename(target)
            except OSError as error:
                raise StoreError(f"{index.path.name} cannot be moved to .trash: {error}.") from error
            return target

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for name in list(self._open):
                self._forget(name)

    def _forget(self, name: str) -> None:
        self._open.pop(name).close()

    def _listed(self, name: str) -> bool:
        try:
            return self.open(name).committed
        except (IndexMissing, SettingError):
            return False
        except StoreError:
            return True

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder for indices, {self.folder}, cannot be made: {error}.") from error

    def _missing(self, name: str) -> IndexMissing:
        others = ", ".join(self._on_disk()) or "none yet"
        return IndexMissing(f"There is no index named {name!r}. There are: {others}.")

    def _on_disk(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}")) if self.folder.is_dir() else []
