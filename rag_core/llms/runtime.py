"""The door to llama-cpp-python: imported on first need, its logging turned into Python's.

Knows nothing of models or prompts.
"""

import ctypes
import functools
import logging
import os
from typing import Any

from ..errors import ModelError

_INSTALL = 'pip install "llama-cpp-python>=0.3,<0.4"'
_ERROR = 3  # llama.cpp's level; an answer that was stopped is one, too, so it is no warning to us


class Runtime:
    """The package, and the callbacks that llama.cpp keeps pointers to for as long as the process lives."""

    def __init__(self, package: Any) -> None:
        self.api = package
        self._logger = logging.getLogger(__name__)
        self._log = package.llama_log_callback(self._on_log)
        package.llama_log_set(self._log, None)
        package.llama_backend_init()
        # Asked after every step of the computation, from native threads: strlen is "false" for an empty buffer and
        # "true" for one character, and unlike a Python function it never waits for the interpreter's lock.
        libc = ctypes.CDLL("msvcrt" if os.name == "nt" else None)
        self.is_set = ctypes.cast(libc.strlen, package.llama_cpp.ggml_abort_callback)

    def _on_log(self, level: int, text: bytes, _: Any) -> None:
        ours = logging.INFO if level == _ERROR else logging.DEBUG
        self._logger.log(ours, "%s", text.decode("utf-8", "replace").rstrip())


@functools.cache
def runtime() -> Runtime:
    """The package, imported once. ModelError with the next step if it is missing or does not load."""
    try:
        import llama_cpp
    except ImportError as error:
        raise ModelError(
            f"llama-cpp-python, which runs chat models, is missing ({error}). Install it: {_INSTALL}"
        ) from None
    except (OSError, RuntimeError) as error:
        raise ModelError(
            f"llama-cpp-python, which runs chat models, does not load its library ({error}). "
            f"Build it for this machine: {_INSTALL} --force-reinstall --no-binary llama-cpp-python"
        ) from None
    return Runtime(llama_cpp)
