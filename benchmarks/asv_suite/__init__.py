"""What asv times, weighs and tracks: one batched step, imports, memory, convergence."""
