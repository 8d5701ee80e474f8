"""Guards formats that are zip archives (Word, Excel) before a parser sees them.

The sizes an archive states of itself can be forged, so every entry is unpacked in blocks and counted; nothing is
ever written to disk. Knows nothing of what the entries mean.
"""

import io
import zipfile

from ..errors import LoadError
from .common import parsing
from .sniff import kind_of, refuse_office_container

MAX_ENTRIES = 2_000
MAX_ENTRY = 50 * 1024 * 1024
MAX_TOTAL = 200 * 1024 * 1024
MAX_RATIO = 200
_FREE_RATIO = 10 * 1024 * 1024  # unpacked bytes below which the ratio does not matter
_BLOCK = 1 << 20


def check_archive(data: bytes, kind: str, part: str) -> frozenset[str]:
    """The names of the entries. `kind` says in words what it should be, `part` is an entry it must have.

    Raises LoadError when it is something else, locked, damaged, or unpacks to more than is safe.
    """
    refuse_office_container(data)
    if not data.startswith(b"PK"):
        raise LoadError(f"it is not {kind}; it is {kind_of(data) or 'something else'} inside.")
    with parsing(kind), zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        names = frozenset(archive.namelist())
        if len(entries) > MAX_ENTRIES:
            raise LoadError(f"it is an archive of {len(entries):,} parts; at most {MAX_ENTRIES:,} are read.")
        if part not in names:
            raise LoadError(f"it is not {kind}: it is a zip archive without {part}.")
        _check_sizes(archive, entries, len(data))
    return names


def _check_sizes(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], packed: int) -> None:
    total = 0
    for entry in entries:
        size = 0
        with archive.open(entry) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                total += len(block)
                _check(size, total, packed)


def _check(size: int, total: int, packed: int) -> None:
    if size > MAX_ENTRY:
        raise LoadError(f"one of its parts unpacks to over {_mb(size)}; at most {_mb(MAX_ENTRY)} are read.")
    if total > MAX_TOTAL:
        raise LoadError(f"it unpacks to over {_mb(total)}; at most {_mb(MAX_TOTAL)} are read.")
    if total > _FREE_RATIO and total > MAX_RATIO * packed:
        raise LoadError(
            f"it unpacks to over {total // packed} times its size; more than {MAX_RATIO} times is taken for a trap."
        )


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB"
