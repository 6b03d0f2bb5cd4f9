"""`surge leases`: listed, and ended by hand."""
