"""`surge demo`: a grid search on leased machines, and the life of a loan."""
