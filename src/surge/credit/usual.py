"""What is meant where nothing is said: the same in Python and at the command line."""

SLIPPAGE = "1%"
"""How much worse than it was looked at a price may turn out."""
IMPACT = "5%"
"""How much worse than the oracle's price a swap may be."""
MULTIPLE = "2"
"""What a leveraged position holds against what is its owner's."""

# Of what an operator creates
TARGET_HEALTH = "1.15"
"""The health factor that a liquidation restores."""
RESERVE_FACTOR = "10%"
"""Of interest, what a market keeps for bad debt."""
MAX_AGE = 3_600
"""Seconds that a feed's answer may be old: more is for a feed that is known to speak less often."""
WINDOW = 1_800
"""The least seconds of the average of a second source."""
MAX_DEVIATION = "5%"
"""How far two sources of a price may be apart."""
TIMELOCK = 86_400
"""Seconds between submitting a vault's cap and accepting it."""
