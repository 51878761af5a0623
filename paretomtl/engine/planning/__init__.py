"""From specs to batches that fit: into the processor's cache, and into memory."""
