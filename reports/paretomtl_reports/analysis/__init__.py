"""From records to numbers: everything that a report states, before any of it is drawn or printed."""
