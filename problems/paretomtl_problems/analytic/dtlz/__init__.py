"""DTLZ, its variants, and the MaF problems, which are composed of the same parts."""
