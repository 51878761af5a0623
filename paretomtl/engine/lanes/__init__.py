"""Stacked copies of a problem: formulas, and networks."""
