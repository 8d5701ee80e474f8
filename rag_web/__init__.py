"""RAGscope's two doors, the page and REST, over one Workbench. Importing it loads nothing."""

__version__ = "0.1.0"
