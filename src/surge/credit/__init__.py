"""Integer twins of the credit contracts. Not built yet."""
