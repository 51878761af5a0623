"""How exhibits are laid out on the page and written to files."""
