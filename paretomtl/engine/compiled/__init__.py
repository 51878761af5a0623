"""Functions of tensors as compiled programs."""
