"""Bots that keep the markets going: the bidder of the fee auction, the liquidator; `program` runs them."""
