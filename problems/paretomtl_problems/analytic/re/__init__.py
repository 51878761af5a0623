"""RE: 16 engineering problems; their computed fronts are stored in `data`."""
