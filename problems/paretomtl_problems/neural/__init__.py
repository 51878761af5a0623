"""Networks with several losses."""
