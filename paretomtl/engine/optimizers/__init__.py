"""How directions become steps, lane by lane."""
