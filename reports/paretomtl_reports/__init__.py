"""Pages, figures and tables made from a store."""
