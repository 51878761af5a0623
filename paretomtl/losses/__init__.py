"""What losses are worth before and after learning, for problems and methods alike."""
