"""Gramian to weights: methods that read the inner products of the gradients, and no more of them."""
