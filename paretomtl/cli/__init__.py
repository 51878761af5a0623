"""The command line; the only room that knows the CLI library and rich."""
