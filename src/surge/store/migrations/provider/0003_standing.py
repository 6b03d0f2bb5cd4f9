"""what is remembered of renters that take work for nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shunned", schema=None) as batch_op:
        batch_op.add_column(sa.Column("times", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("lease", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("given_up", sa.Integer(), server_default="0", nullable=False))
