"""Models that write answers, and the quoting that stands in for them. Importing it loads nothing heavy."""
