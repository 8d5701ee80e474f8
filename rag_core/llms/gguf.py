"""The header of a GGUF file: what a model is, and whether its file is whole, before anything is loaded.

Reads the key-value pairs and the tensor table, at most 64 MB of header, and never trusts a length it has not checked.
Knows nothing of llama.cpp or chat.
"""

import math
import struct
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

from ..errors import ModelError

Value = int | float | bool | str

_VERSIONS = (2, 3)
_MOST_HEADER = 64 * 2**20
_MOST_ENTRIES = 1_000_000
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Tensor type: elements per block, bytes per block.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17),
}  # fmt: skip
_ENCODERS = ("bert", "nomic-bert", "jina-bert", "modern-bert", "neo-bert", "eurobert", "gemma-embedding", "t5encoder")


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself. `parameters` counts weights; arrays of the metadata are left out."""

    metadata: dict[str, Value]
    parameters: int

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def context(self) -> int:
        """Tokens the model was trained on at once; 0 if the file does not say."""
        found = self.metadata.get(f"{self.architecture}.context_length", 0)
        return found if isinstance(found, int) else 0

    @property
    def embeds(self) -> bool:
        """Whether this is an embedding model or a reranker, which cannot write."""
        architecture = self.architecture
        return architecture.startswith(_ENCODERS) or bool(self.metadata.get(f"{architecture}.pooling_type", 0))


class _DamagedError(Exception):
    """The header contradicts itself or ends too early."""


def read_header(path: Path) -> Header:
    """The header of a model file that looks whole. ModelError says what is wrong with it otherwise."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_start(path, file)
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                header, needed = _Reader(data).header()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}. Check the file in {path.parent}.") from None
    except (_DamagedError, struct.error, UnicodeDecodeError):
        raise ModelError(f"{path.name} is damaged or cut off: its header cannot be read. Download it again.") from None
    if size < needed:
        raise ModelError(f"{path.name} is cut off: {size:,} bytes are there, {needed:,} are needed. Download it again.")
    return header


def check_chat(path: Path) -> Header:
    """The header of a whole GGUF file that can chat. ModelError if it cannot."""
    if not path.is_file():
        raise ModelError(f"There is no model file {path}. Put a GGUF file into models/ or choose another model.")
    header = read_header(path)
    if header.embeds:
        raise ModelError(
            f"{path.name} is an embedding model ({header.architecture}), which cannot write answers. "
            "Choose a chat model in GGUF format."
        )
    return header


def _check_start(path: Path, file: BinaryIO) -> None:
    start = file.read(8)
    if start[:4] != b"GGUF":
        raise ModelError(f"{path.name} is not a GGUF file. Choose a chat model in GGUF format.")
    version = int.from_bytes(start[4:], "little")
    if len(start) == 8 and version not in _VERSIONS:
        raise ModelError(
            f"{path.name} is GGUF version {version}; versions 2 and 3 can be read. Get the model in a newer format."
        )


class _Reader:
    def __init__(self, data: mmap) -> None:
        self.data = data
        self.at = 8  # after magic and version
        self.limit = min(len(data), _MOST_HEADER)

    def header(self) -> tuple[Header, int]:
        """The header, and the bytes that the whole file must have."""
        tensors, pairs = self._number("Q"), self._number("Q")
        if tensors > _MOST_ENTRIES or pairs > _MOST_ENTRIES:
            raise _DamagedError
        metadata: dict[str, Value] = {}
        for _ in range(pairs):
            key = self._string()
            value = self._value(self._number("I"))
            if value is not None:
                metadata[key] = value
        parameters = end = 0
        for _ in range(tensors):
            count, tensor_end = self._tensor()
            parameters += count
            end = max(end, tensor_end)
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise _DamagedError
        return Header(metadata, parameters), -(-self.at // alignment) * alignment + end

    def _tensor(self) -> tuple[int, int]:
        """Weights of a tensor, and where it ends in the data."""
        self._string()
        dimensions = self._number("I")
        if dimensions > 8:
            raise _DamagedError
        count = math.prod(self._number("Q") for _ in range(dimensions))
        kind, offset = self._number("I"), self._number("Q")
        per_block, size = _BLOCKS.get(kind, (1, 0))
        return count, offset + count // per_block * size

    def _skip(self, count: int) -> int:
        """Pass over bytes; where they begin."""
        begin, self.at = self.at, self.at + count
        if self.at > self.limit:
            raise _DamagedError
        return begin

    def _number(self, code: str) -> int:
        found: int = struct.unpack_from("<" + code, self.data, self._skip(struct.calcsize("<" + code)))[0]
        return found

    def _string(self) -> str:
        length = self._number("Q")
        begin = self._skip(length)
        return self.data[begin : self.at].decode("utf-8")

    def _value(self, kind: int) -> Value | None:
        """One value; None for an array, which is passed over."""
        if kind == _STRING:
            return self._string()
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind != _ARRAY:
            raise _DamagedError
        self._skip_array()
        return None

    def _skip_array(self) -> None:
        kind, count = self._number("I"), self._number("Q")
        if kind in _SCALARS:
            self._skip(struct.calcsize("<" + _SCALARS[kind]) * count)
        elif kind == _STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
        else:  # arrays of arrays do not occur in model files
            raise _DamagedError
