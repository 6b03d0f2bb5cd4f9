"""One lease as its provider sees it: a state machine, what it owes, and the rules that it plays by."""
