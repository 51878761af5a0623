"""WFG: problems composed of transformations and shapes."""
