"""The core: batched tensors in, tensors out; it knows no problem, no file and no method's name."""
