"""The nouns as escaped HTML and as Python folds, a module for each part of the page. Imports no gradio."""

from . import cells, chat, codes, frame, inspect, upload, viewer, words

__all__ = ["cells", "chat", "codes", "frame", "inspect", "upload", "viewer", "words"]
