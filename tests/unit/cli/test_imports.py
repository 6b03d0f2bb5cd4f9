"""`surge --help` answers at once: nothing heavy is imported before a command needs it."""

import subprocess
import sys

HEAVY = {
    "alembic", "eth_abi", "eth_account", "eth_utils", "iroh", "keyring", "msgspec", "numpy", "psutil",
    "pydantic", "rich.table", "sqlalchemy", "structlog", "wasmtime", "web3",
}  # fmt: skip


def test_the_command_line_imports_nothing_heavy():
    script = f"import sys, surge.cli.main; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from surge.cli.main import run_command; run_command(['--help']); "
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("up", "down", "status", "demo", "run", "quote", "asks", "jobs", "job", "verify",
                    "leases", "wallet", "provide", "earnings", "drain", "leave", "keeper", "credit",
                    "local", "abi", "book", "curate"):  # fmt: skip
        assert f"\n  {command} " in done.stdout
