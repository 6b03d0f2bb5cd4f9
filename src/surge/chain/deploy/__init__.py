"""Contracts come to a chain, and a second run finds what a crash left."""
