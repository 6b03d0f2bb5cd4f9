"""The lender's and borrower's actor. Not built yet."""
