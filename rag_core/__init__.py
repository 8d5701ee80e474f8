"""RAGscope's core: documents, cuts, vectors, search, answers. Importing it loads nothing heavy."""
