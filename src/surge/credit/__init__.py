"""What a loan is worth and what it costs: integer twins of the credit contracts, and views made of them."""
