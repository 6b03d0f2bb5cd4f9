"""What can go wrong on a link (branches of the tree in model/errors.py)."""

from surge.model.errors import Distrusted, Unavailable


class Malformed(Distrusted):
    """The peer sent bytes that are no message of ours: drop it, count it, never answer it."""


class LinkClosed(Unavailable):
    """The conversation is over: dial again, or choose another provider."""
