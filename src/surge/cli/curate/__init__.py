"""`surge curate` and `surge book add`: an operator's commands. The desk acts; this asks, shows."""
