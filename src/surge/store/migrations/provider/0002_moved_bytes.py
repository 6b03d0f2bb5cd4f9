"""The bytes that a receipt bills are called moved_bytes, as everywhere."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE receipts RENAME COLUMN moved TO moved_bytes")
