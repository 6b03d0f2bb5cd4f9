"""Receipts that were paid after a crash without what they bill; one of before is none that can be told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipts", sa.Column("unseen", sa.LargeBinary))
