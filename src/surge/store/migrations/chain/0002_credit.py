"""Events of the credit side: by market and account; and whose events the index has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("sources", sa.Column("address", sa.String(42), primary_key=True))
    op.add_column("events", sa.Column("market", sa.String(66)))
    op.add_column("events", sa.Column("account", sa.String(42)))
    op.create_index("events_of_market", "events", ["market", "name"])
    op.create_index("events_of_account", "events", ["account", "name"])
