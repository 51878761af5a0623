"""What is kept of a run, and the store it is kept in."""
