"""What an account does besides its own loans: swap, fill pools, liquidate others, let somebody act for it."""
