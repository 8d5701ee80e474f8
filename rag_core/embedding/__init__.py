"""Texts to unit vectors: a model folder's own recipe (transformers), or hashed words where there is no model."""
