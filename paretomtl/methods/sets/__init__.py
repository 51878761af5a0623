"""Populations that move together: methods whose members see the whole set."""
