"""The test problems from before the suites, VLMOP among them."""
