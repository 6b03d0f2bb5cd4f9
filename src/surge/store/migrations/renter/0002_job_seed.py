"""The seed of a job's randomness; a job of before has none: each of its tasks was seeded by its number."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("seed", sa.Integer))
