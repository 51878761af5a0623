"""Tables as values: rows and columns, how a value reads, and the files they are written to."""
