"""One runnable file per claim in the README. Each prints a table and ends in one JSON line."""
