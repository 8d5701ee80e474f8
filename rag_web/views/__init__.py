"""The nouns as escaped HTML and Python folds, one module a part of the page. Imports no gradio: tested as plain text."""

from . import cells, chat, codes, frame, inspect, upload, viewer, words

__all__ = ["cells", "chat", "codes", "frame", "inspect", "upload", "viewer", "words"]
