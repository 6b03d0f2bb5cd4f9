"""Tables of the provider's database."""

import sqlalchemy as sa

METADATA = sa.MetaData()

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("renter", sa.String, nullable=False),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("price_gfuel", sa.Integer, nullable=False),
    sa.Column("price_gib", sa.Integer, nullable=False),
    sa.Column("escrow", sa.Integer, nullable=False),
    sa.Column("expiry", sa.Integer, nullable=False),
    sa.Column("reservation", sa.Integer, nullable=False),
    sa.Column("transaction", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String, nullable=False, server_default="open"),
)
RECEIPTS = sa.Table(
    "receipts",
    METADATA,
    sa.Column("lease", sa.ForeignKey("leases.lease"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("chunk", sa.LargeBinary, nullable=False, index=True),
    sa.Column("outcomes", sa.LargeBinary, nullable=False),
    sa.Column("fuel", sa.Integer, nullable=False),
    sa.Column("moved", sa.Integer, key="moved_bytes", nullable=False),
    sa.Column("millijoules", sa.Integer, nullable=False),
    sa.Column("measured", sa.Boolean, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
)
VOUCHERS = sa.Table(
    "vouchers",
    METADATA,
    sa.Column("lease", sa.ForeignKey("leases.lease"), primary_key=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("redeemed", sa.Integer, nullable=False, server_default="0"),
)
SHUNNED = sa.Table(
    "shunned",
    METADATA,
    sa.Column("renter", sa.String, primary_key=True),
    sa.Column("until", sa.Integer, nullable=False),
    sa.Column("times", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease", sa.Integer),
    sa.Column("given_up", sa.Integer, nullable=False, server_default="0"),
)
