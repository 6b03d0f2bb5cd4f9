"""What is meant where nothing is said: the same in Python and at the command line."""

SLIPPAGE = "1%"
"""How much worse than it was looked at a price may turn out."""
IMPACT = "5%"
"""How much worse than the oracle's price a swap may be."""
MULTIPLE = "2"
"""What a leveraged position holds against what is its owner's."""
