"""Bytes to Documents: the text of a file, where its pages, sheets and headings begin, and what was left out.

    find_files ──→ load_many ──→ Document | Skipped
                      └ load_file ─→ load_bytes ─→ LOADERS[suffix].load(name, data)

A loader is pure: name and bytes in, Document out, LoadError with a reason otherwise. Parser libraries are imported
when a file of their kind is read. Knows nothing of chunks, indices and models.
"""

from .common import clean_name, content_id
from .files import find_files, load_file, load_many
from .loaders import LOADERS, SUFFIXES, load_bytes

__all__ = ["LOADERS", "SUFFIXES", "clean_name", "content_id", "find_files", "load_bytes", "load_file", "load_many"]
