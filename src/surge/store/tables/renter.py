"""The renter's tables. What they hold is told in `store/renter.py`, which alone reads and writes them."""

import sqlalchemy as sa

METADATA = sa.MetaData()


def _of_a_lease() -> sa.ForeignKeyConstraint:
    """A lease's number is its network's; with the job, which ran on one network, it is unique here."""
    return sa.ForeignKeyConstraint(["job", "lease"], ["leases.job", "leases.lease"])


JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("created", sa.Integer, nullable=False),
    sa.Column("chain_id", sa.Integer, nullable=False),
    sa.Column("market", sa.String, nullable=False),
    sa.Column("renter", sa.String, nullable=False),
    sa.Column("budget", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("seal", sa.LargeBinary, nullable=False),
    sa.Column("seed", sa.Integer),
)
LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("job", sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("price_gfuel", sa.Integer, nullable=False),
    sa.Column("price_gib", sa.Integer, nullable=False),
    sa.Column("escrow", sa.Integer, nullable=False),
    sa.Column("expiry", sa.Integer, nullable=False),
    sa.Column("reservation", sa.Integer, nullable=False),
    sa.Column("transaction", sa.LargeBinary, nullable=False),
)
IMAGES = sa.Table(
    "images",
    METADATA,
    sa.Column("job", sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("spec", sa.LargeBinary, primary_key=True),
    sa.Column("runtime", sa.String, nullable=False),
    sa.Column("runtime_digest", sa.LargeBinary, nullable=False),
    sa.Column("modules", sa.String, nullable=False),
    sa.Column("module", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)
TASKS = sa.Table(
    "tasks",
    METADATA,
    sa.Column("job", sa.String, primary_key=True),
    sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("id", sa.LargeBinary, nullable=False),
    sa.Column("spec", sa.LargeBinary, nullable=False),
    sa.Column("code", sa.LargeBinary, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("limit_fuel", sa.Integer, nullable=False),
    sa.Column("limit_memory", sa.Integer, nullable=False),
    sa.Column("limit_output", sa.Integer, nullable=False),
    sa.Column("input", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.String),
    sa.Column("output", sa.LargeBinary),
    sa.Column("fuel", sa.Integer),
    sa.Column("blobs", sa.LargeBinary),
    _of_a_lease(),
)
RECEIPTS = sa.Table(
    "receipts",
    METADATA,
    sa.Column("job", sa.String, primary_key=True),
    sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("chunk", sa.LargeBinary, nullable=False),
    sa.Column("outcomes", sa.LargeBinary, nullable=False),
    sa.Column("fuel", sa.Integer, nullable=False),
    sa.Column("moved", sa.Integer, key="moved_bytes", nullable=False),
    sa.Column("millijoules", sa.Integer, nullable=False),
    sa.Column("measured", sa.Boolean, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("unseen", sa.LargeBinary),
    _of_a_lease(),
)
VOUCHERS = sa.Table(
    "vouchers",
    METADATA,
    sa.Column("job", sa.String, primary_key=True),
    sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    _of_a_lease(),
)
BLOBS = sa.Table(
    "blobs",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
TRANSACTIONS = sa.Table(
    "transactions",
    METADATA,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("job", sa.ForeignKey("jobs.id"), nullable=False, index=True),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("gas", sa.Integer, nullable=False),
)
