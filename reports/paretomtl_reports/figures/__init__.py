"""How figures are drawn: as a still (SVG, by matplotlib) and, where it helps, to explore (plotly)."""
