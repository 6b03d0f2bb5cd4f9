"""What an integrator reads: the contracts' interfaces, the shape of an address book. No network is asked."""
