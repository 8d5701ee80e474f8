"""Vectors searched by cosine. Exact in memory here; a cluster can stand behind the same three methods."""
