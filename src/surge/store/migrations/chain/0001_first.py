"""The index of the chain: blocks and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hash", sa.String(66), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("block", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("transaction", sa.LargeBinary(32), nullable=False),
        sa.Column("contract", sa.String(32), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("lease", sa.Integer),
        sa.Column("renter", sa.String(42)),
        sa.Column("provider", sa.String(42)),
        sa.Column("members", sa.JSON, nullable=False),
    )
    op.create_index("events_of_lease", "events", ["lease", "name"])
    op.create_index("events_of_provider", "events", ["provider", "name"])
    op.create_index("events_of_renter", "events", ["renter", "name"])
    op.create_index("events_by_name", "events", ["name", "block", "position"])
