"""Jacobian to direction: methods that read whole gradients, for what no Gramian can express."""
