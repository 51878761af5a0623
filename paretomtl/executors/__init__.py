"""Where runs go: this process, local processes, or Ray."""
