"""Contract kits that authors of problems and methods run on their own code."""
