"""The toys of the multi-task literature, small enough to be understood completely."""
