"""ZDT: six problems of two objectives."""
