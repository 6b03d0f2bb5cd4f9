"""Durable state: one SQLite database per actor, and the paths of SURGE_HOME."""
