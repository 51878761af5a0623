"""Figures: each drawn once as a still (SVG) and, where it helps, once to explore (plotly)."""
