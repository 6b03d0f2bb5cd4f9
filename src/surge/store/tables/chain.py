"""What the index keeps of the chain: events as they were logged, and the hashes that prove where from."""

import sqlalchemy as sa

chain_metadata = sa.MetaData()

blocks = sa.Table(
    "blocks",
    chain_metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("hash", sa.String(66), nullable=False),
)
"""Blocks that the index has read up to, or that hold an event. The newest is the cursor."""

sources = sa.Table("sources", chain_metadata, sa.Column("address", sa.String(42), primary_key=True))
"""The contracts whose events the index has. Another set: it reads everything anew."""

events = sa.Table(
    "events",
    chain_metadata,
    sa.Column("block", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("transaction", sa.LargeBinary(32), nullable=False),
    sa.Column("contract", sa.String(32), nullable=False),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("lease", sa.Integer),
    sa.Column("renter", sa.String(42)),
    sa.Column("provider", sa.String(42)),
    sa.Column("members", sa.JSON, nullable=False),
    sa.Column("market", sa.String(66)),
    sa.Column("account", sa.String(42)),
    sa.Index("events_of_account", "account", "name"),
    sa.Index("events_of_lease", "lease", "name"),
    sa.Index("events_of_market", "market", "name"),
    sa.Index("events_of_provider", "provider", "name"),
    sa.Index("events_of_renter", "renter", "name"),
    sa.Index("events_by_name", "name", "block", "position"),
)
"""position: the log's index in its block. members: all the event's members by name, bytes in hex;
lease, renter and provider repeat those of them that are asked for, and so do market and account those of
Credit's events: the market's id, and whose position it is (on_behalf, borrower, account, authorizer)."""
