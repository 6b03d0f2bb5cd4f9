"""Leases that a program leaves behind: interrupted, killed, expired. The real commands on a real network."""

import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from network.cli.shell import PATIENCE, Shell
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.node.rpc import Rpc
from surge.chain.wallet import load_wallet
from surge.model.demand import Demand
from surge.model.units import parse_usd, show_usd

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    root = tmp_path_factory.mktemp("leases")
    shell = Shell(root / "home", root / "work")
    (shell.folder / "endless.py").write_text("while True: pass\n")
    try:
        shell.json("up", "--detach", "--providers", "1")
        (shell.folder / "ends.py").write_text("")
        assert shell.run("run", "ends.py").returncode == 0
        yield shell
    finally:
        shell.run("down")


def test_an_interrupted_run_ends_with_130(shell):
    program = shell.start("run", "endless.py", "--fuel", "60")
    database = f"file:{shell.home / 'renter.db'}?mode=ro"
    count = "SELECT count(*) FROM leases JOIN jobs ON job = id WHERE name = 'endless.py'"
    end = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < end:
        with sqlite3.connect(database, uri=True) as connection:
            if connection.execute(count).fetchone()[0]:
                break
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=PATIENCE)
    assert program.returncode == 130, said
    assert "Traceback" not in said
    with sqlite3.connect(database, uri=True) as connection:
        states = connection.execute("SELECT state FROM jobs WHERE name = 'endless.py'").fetchall()
    assert states == [("closed",)]


def started(shell, *arguments):
    """The program, once it has run for a while on a lease of its own, and the job's id."""
    program = shell.start(*arguments)
    end = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < end:
        job = shell.json("jobs")["jobs"][0]
        trace = shell.home / "traces" / f"{job['id']}.jsonl"
        if job["state"] == "open" and trace.exists() and "wait for the image" in trace.read_text():
            return program, job["id"]
        time.sleep(0.05)
    raise AssertionError(program.communicate())


def test_who_interrupts_twice_is_out_at_once(shell):
    """Without a dump of threads; what is open is ended by hand."""
    program, _ = started(shell, "run", "endless.py", "--fuel", "100000")
    program.send_signal(signal.SIGINT)
    while "interrupted" not in (line := program.stderr.readline()):
        assert line, "it ended without a word"
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=PATIENCE)
    assert program.returncode == 130, said
    assert not {"Traceback", "FATAL"} & set(said.replace(":", " ").split())
    shell.json("leases", "--close")


def test_leases_of_a_program_that_was_killed_are_closed_by_hand(shell):
    """With what it had under way given up; those of a program that lives stay."""
    before = shell.dollars()
    program, job = started(shell, "run", "endless.py", "--fuel", "100000")
    (mine,) = [one for one in shell.json("leases")["leases"] if one["job"] == job]
    assert shell.json("leases", "--close")["freed"] == []
    program.kill()
    program.communicate(timeout=PATIENCE)
    assert shell.json("job", job, "--why")["state"] == "abandoned"
    (freed,) = shell.json("leases", "--close")["freed"]
    assert freed["lease"] == mine["lease"]
    assert parse_usd(mine["escrow"]) - parse_usd(freed["refund"]) < 10_000  # the making of the image
    assert shell.dollars() > before - 10_000
    assert not [one for one in shell.json("leases")["leases"] if one["job"] == job]
    assert next(one for one in shell.json("jobs")["jobs"] if one["id"] == job)["state"] == "closed"
    assert shell.run("verify", job).returncode == 0


def test_one_lease_is_closed_by_its_number(shell):
    """By its renter, once the program is gone; a number that is none, or is over, is one sentence."""
    program, job = started(shell, "run", "endless.py", "--fuel", "100000")
    (mine,) = [one for one in shell.json("leases")["leases"] if one["job"] == job]
    number = str(mine["lease"])
    code, _, message = shell.refused("leases", "close", number)
    assert (code, message) == (
        2,
        f"lease {number} is in use by the program of job {job}; end that program first",
    )
    program.kill()
    program.communicate(timeout=PATIENCE)
    code, _, message = shell.refused("leases", "close", number, "999")
    assert code == 2
    assert "there is no lease 999" in message
    (freed,) = shell.json("leases", "close", number)["freed"]
    assert freed["lease"] == mine["lease"]
    assert next(one for one in shell.json("jobs")["jobs"] if one["id"] == job)["state"] == "closed"
    code, _, message = shell.refused("leases", "close", number)
    assert code == 2
    assert message.startswith(f"lease {number} is closed already: 0.0")


def test_a_provider_closes_a_lease_whose_renter_never_came(shell, tmp_path):
    """Alone, with nothing of the renter's; what it holds in escrow goes back at once (M3)."""
    book = load_book(shell.home / "networks" / "local" / "book.json")
    before = shell.dollars()
    with Chain(book, load_wallet(shell.home / "wallet.json").key) as chain:
        offer = chain.asks.offers()[0]
        ask = offer.ask
        demand = Demand(
            ask.price_gfuel, ask.price_gib, duration=600, memory_tier=ask.memory_tier, runtime=ask.runtime
        )
        lease, _ = chain.leases.open(demand, parse_usd("0.25"), [offer.provider])
        assert chain.asks.of(offer.provider).load == 1
    number = str(lease.id)
    assert "is of no job" in shell.refused("leases", "close", number)[2]
    stranger = Shell(tmp_path / "stranger", shell.folder, SURGE_PASSWORD="only for this test")
    other = stranger.home / "networks" / "local" / "book.json"
    other.parent.mkdir(parents=True)
    other.write_text((shell.home / "networks" / "local" / "book.json").read_text())
    assert "is not yours" in stranger.refused("leases", "close", number)[2]
    assert "whose key is not here" in stranger.refused("leases", "close", number, "--as-provider")[2]

    (ended,) = shell.json("leases", "close", number, "--as-provider")["closed"]
    assert ended == {"lease": lease.id, "paid": "0.00", "unsigned": "0.00"}
    assert shell.dollars() == before - lease.reservation
    with Chain(book) as chain:
        assert chain.asks.of(offer.provider).load == 0
    assert shell.run("run", "ends.py").returncode == 0, "its provider serves on"


HOLDS = """
import surge
def double(x): return 2 * x
executor = surge.Executor(max_workers=1, budget="0.10")
print(executor.submit(double, 21).result(), flush=True)
input()
"""


def test_a_provider_is_known_by_its_key_and_paid_what_was_signed(shell, tmp_path):
    """Without the renter's home, and without a word from it (M3)."""
    (shell.folder / "holds.py").write_text(HOLDS)
    program = subprocess.Popen(
        [sys.executable, "holds.py"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    place = shell.home / "networks" / "local" / "providers" / "1"
    end = time.monotonic() + PATIENCE
    try:
        assert program.stdout.readline() == "42\n"
        (mine,) = shell.json("leases")["leases"]
        while not (kept := newest_voucher(place, mine["lease"])) and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        program.kill()
        program.communicate(timeout=PATIENCE)
    owner = Shell(tmp_path / "owner", shell.folder)
    book = owner.home / "networks" / "local" / "book.json"
    book.parent.mkdir(parents=True)
    book.write_text((shell.home / "networks" / "local" / "book.json").read_text())
    done = owner.run("leases", "close", str(mine["lease"]), "--place", str(place))
    assert done.returncode == 0, done.stderr
    assert f"closed lease {mine['lease']}: {show_usd(kept)} USD of it are yours".encode() in done.stderr
    (row,) = [one for one in shell.json("leases", "--all")["leases"] if one["lease"] == mine["lease"]]
    assert (row["state"], row["settled"]) == ("closed", show_usd(kept))


def newest_voucher(place, lease):
    """Its amount, in the provider's books."""
    (database,) = place.glob("provider-*.db")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT amount FROM vouchers WHERE lease = ?", (lease,)).fetchone()
    return found[0] if found else 0


def test_money_left_in_an_expired_lease_is_taken_back(shell):
    """Its provider never heard of the lease, so nobody else ends it."""
    book = load_book(shell.home / "networks" / "local" / "book.json")
    before = shell.dollars()
    with Chain(book, load_wallet(shell.home / "wallet.json").key) as chain:
        offer = chain.asks.offers()[0]
        ask = offer.ask
        demand = Demand(
            ask.price_gfuel, ask.price_gib, duration=60, memory_tier=ask.memory_tier, runtime=ask.runtime
        )
        lease, _ = chain.leases.open(demand, parse_usd("0.25"), [offer.provider])
    soon = shell.json("leases")["leases"][0]
    assert (soon["lease"], soon["state"], soon["job"]) == (lease.id, "ending", None)
    assert shell.json("leases", "--reclaim")["reclaimed"] == []
    node = Rpc(book.rpc_url)
    node.call("evm_increaseTime", 60 + book.parameters.grace_seconds + 1)
    node.call("evm_mine")
    node.close()
    shown = shell.run("leases")
    assert b"take it back with `surge leases --reclaim`" in shown.stdout
    assert shell.json("leases", "--reclaim")["reclaimed"] == [{"lease": lease.id, "refund": "0.25"}]
    assert shell.dollars() == before - lease.reservation
