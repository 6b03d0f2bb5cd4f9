"""What a provider does on the chain beside its leases, again and again, until it stops."""
