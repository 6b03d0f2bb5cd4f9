"""One node of any chain: requests, transactions, refusals in words, logs. Knows no contract."""
