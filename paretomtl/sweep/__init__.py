"""Specs, preferences, gammas and seeds, multiplied out into an ordered list of cells."""
