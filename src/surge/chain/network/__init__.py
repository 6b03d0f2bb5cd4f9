"""One network of contracts: compiled code, address book, calls by name, the index of events."""
