"""What is owed, and how it is shared: vouchers, receipt trees, fees, rewards.

Pure integer arithmetic with the rounding of the contracts; `tests/differential` pins each formula
to the bytecode of its contract. Time comes in as an argument.
"""
