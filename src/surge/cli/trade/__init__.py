"""`surge credit swap`, `pools`, `liquidate`, `authorize` and the like: the desk acts; this asks, shows."""
