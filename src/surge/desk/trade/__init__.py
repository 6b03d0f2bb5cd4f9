"""What an account does besides its own loans: swap, fill pools, let somebody act for it."""
