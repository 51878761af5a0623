"""The geometry of fronts: even sampling, exact hypervolumes, the best N points. Registers no problem."""
