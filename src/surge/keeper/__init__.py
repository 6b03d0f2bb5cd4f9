"""Bots: the bidder of the fee auction."""
