"""`python -m surge`."""

from surge.cli.main import entry

entry()
