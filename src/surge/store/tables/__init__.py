"""The tables of each database; `scripts/new_migration.py` compares them with the migrations."""
