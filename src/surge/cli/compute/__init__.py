"""`surge run`, `quote`, `asks`, `jobs`, `leases`, `provide`, `earnings`: work, on both of its sides."""
