"""The real commands, each in a process of its own, on a real local network."""

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from network.cli.shell import PATIENCE, Shell
from surge.model.units import parse_usd
from surge.run import kernels

pytestmark = pytest.mark.slow

SHA256 = Path(kernels.__file__).with_name("sha256.wasm")
SCRIPT = """
import sys
from beside import twice
sys.stdout.buffer.write(bytes([0, 255, 10]))
print(twice(int(sys.argv[1])), sys.argv[2:], sys.stdin.read())
print("to stderr", file=sys.stderr)
sys.exit(7)
"""
ENDLESS = "while True: pass\n"


def await_line(program: "subprocess.Popen[str]", words: str) -> None:
    """Until its stderr has a line with these words."""
    for line in program.stderr:
        if words in line:
            return
    pytest.fail(f"it ended with code {program.wait()} and never said {words!r}")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A network brought up by `surge up --detach`: one provider, and then another one."""
    root = tmp_path_factory.mktemp("cli")
    shell = Shell(root / "home", root / "work")
    (shell.folder / "job.py").write_text(SCRIPT)
    (shell.folder / "beside.py").write_text("def twice(x):\n    return 2 * x\n")
    (shell.folder / "endless.py").write_text(ENDLESS)
    (shell.folder / "in").write_text("from stdin")
    try:
        # With a pipe to write to: it only returns when nothing that it started holds it open.
        up = shell.json("up", "--detach", "--providers", "1")
        assert (up["up"], up["already_up"], len(up["asks"])) == (True, False, 1)
        more = shell.json("up", "--detach", "--providers", "2")
        assert (more["up"], more["already_up"], len(more["asks"])) == (True, True, 2)
        yield shell
    finally:
        shell.run("down")


@pytest.fixture(scope="module")
def python_job(shell):
    """A Python file with a module beside it, arguments, stdin and an exit code of its own."""
    return shell.run("run", "job.py", "--stdin", "in", "--", "21", "--json")


@pytest.fixture(scope="module")
def wasm_job(shell):
    return shell.json("run", str(SHA256), "--stdin", "in", "--", "1")


def test_the_network_is_up(shell):
    status = shell.json("status")
    assert (status["up"], status["chain_id"], status["slots"]) == (True, 31337, 4)
    running = {row["name"]: row["running"] for row in status["programs"]}
    assert running == {"bidder": True, "keeper": True, "provider-1": True, "provider-2": True}
    assert all(row["serving"] for row in status["programs"] if "serving" in row)


def test_up_again_says_that_it_is_up(shell):
    done = shell.run("up", "--detach", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["already_up"] is True
    assert b"already" in done.stderr


def test_a_python_file_runs_as_if_it_had_run_here(python_job):
    assert python_job.returncode == 7
    assert python_job.stdout == b"\0\xff\n42 ['--json'] from stdin\n"
    assert python_job.stderr.splitlines()[0] == b"to stderr"
    assert b"paid 0.0" in python_job.stderr.splitlines()[-1]


def test_a_wasm_command_runs(shell, wasm_job):
    import hashlib

    assert wasm_job["stdout"] == hashlib.sha256(b"from stdin").hexdigest() + "\n"
    assert (wasm_job["exit_code"], wasm_job["tasks"], wasm_job["failed"]) == (0, 1, 0)


def test_what_was_run_is_listed_explained_and_verified(shell, python_job, wasm_job):
    listed = shell.json("jobs")["jobs"]
    assert [job["name"] for job in listed if job["leases"]][:2] == ["sha256.wasm", "job.py"]
    report = shell.json("job", wasm_job["job"])
    assert report["id"] == wasm_job["job"]
    assert report["paid"] == wasm_job["paid"]
    assert [sent["purpose"] for sent in report["sent"]] == ["open leases", "close lease"]
    verified = shell.json("verify", wasm_job["job"][:6])
    assert verified["verified"] is True
    assert all(check["ok"] for check in verified["checks"])
    closed = shell.json("leases", "--all")["leases"]
    assert {row["job"] for row in closed} >= {wasm_job["job"]}
    assert all(row["state"] == "closed" and row["refund"] for row in closed if row["job"] == wasm_job["job"])
    earned = shell.json("earnings")
    assert len(earned["providers"]) == 2
    assert float(earned["total"]["settled"]) > 0


def test_a_flipped_byte_fails_the_verification(shell, wasm_job, tmp_path):
    other = Shell(tmp_path / "home", shell.folder)
    shutil.copytree(
        shell.home, other.home, ignore=shutil.ignore_patterns("chain", "run", "providers", "bidder", "keys")
    )
    with sqlite3.connect(other.home / "renter.db") as database:
        changed = database.execute(
            "UPDATE receipts SET fuel = fuel + 1 WHERE lease IN (SELECT lease FROM leases WHERE job = ?)",
            (wasm_job["job"],),
        )
        assert changed.rowcount in (
            1,
            2,
        )  # the chunk; and compiling, unless this machine had compiled it before
    verified = other.json("verify", wasm_job["job"], code=1)
    wrong = [check["place"] for check in verified["checks"] if not check["ok"]]
    assert any("receipt 0" in place for place in wrong)


def test_asks_and_a_quote_spend_nothing(shell):
    before = shell.dollars()
    asks = shell.json("asks")["asks"]
    assert len(asks) == 2
    assert shell.json("asks", "--alive")["asks"] == asks  # all answer
    assert asks[0]["price_gfuel"] < asks[1]["price_gfuel"]
    quote = shell.json("quote", "job.py", "--max-price", asks[0]["price_gfuel"])
    assert [row["provider"] for row in quote["ranked"]] == [asks[0]["provider"]]
    assert [row["provider"] for row in quote["rejected"]] == [asks[1]["provider"]]
    assert "USD per Gfuel and the cap is" in quote["rejected"][0]["reasons"][0]
    assert set(quote["ranked"][0]["examples"]) == {"1", "10", "100"}
    assert shell.dollars() == before


def test_what_can_t_be_done_costs_nothing(shell):
    before = shell.dollars()
    (shell.folder / "bad.wasm").write_bytes(b"\0asm\1\0\0\0")
    cases = {
        ("run", "job.py", "--budget", "0.0001"): (4, "Underfunded", "budget"),
        ("run", "job.py", "--budget", "1000000"): (4, "Underfunded", "--faucet"),
        ("run", "job.py", "--max-price", "0.000001"): (3, "NoProvider", "the cap is"),
    }
    for arguments, (code, kind, words) in cases.items():
        got, named, message = shell.refused(*arguments)
        assert (got, named) == (code, kind), message
        assert words in message
    assert shell.dollars() == before


def test_a_module_that_no_sandbox_takes_is_refused(shell):
    code, _, message = shell.refused("run", "bad.wasm")
    assert code in (2, 3), message
    assert "export" in message


def test_the_faucet_fills_the_wallet(shell):
    before = shell.dollars()
    assert parse_usd(shell.json("wallet", "--faucet", "1.25")["usd"]) == before + 1_250_000 == shell.dollars()


def test_output_comes_while_the_program_runs(shell):
    (shell.folder / "talks.py").write_text("print('began')\nprint('é')\nwhile True: pass\n")
    program = shell.start("run", "talks.py", "--fuel", "100000")
    assert [program.stdout.readline(), program.stdout.readline()] == ["began\n", "é\n"]
    program.send_signal(signal.SIGINT)
    left, said = program.communicate(timeout=PATIENCE)
    assert (left, program.returncode) == ("", 130), said


def test_a_running_job_tells_what_it_waits_for(shell):
    program = shell.start("run", "endless.py", "--fuel", "100000")
    end = time.monotonic() + PATIENCE
    told: dict = {}
    while program.poll() is None and time.monotonic() < end and not told.get("tasks", {}).get("in_flight"):
        for newest in shell.json("jobs")["jobs"][:1]:
            if newest["name"] == "endless.py" and newest["state"] == "open":
                told = shell.json("job", newest["id"], "--why")
    assert told["state"] == "running"
    assert told["tasks"]["in_flight"] == 1
    assert "is not back" in told["waits_for"][-1] or "wait for the image" in told["waits_for"][0]
    program.send_signal(signal.SIGKILL)
    program.communicate(timeout=PATIENCE)
    assert shell.json("job", told["id"], "--why")["state"] == "abandoned"
    shown = shell.run("job", told["id"], "--why").stdout.decode()
    assert f"its program (process {told['program']}) is gone" in shown
    story = shell.json("job", told["id"], "--why", "--task", "0")["steps"]
    assert story[0]["said"] == "1 task submitted"
    assert "--why" in shell.refused("job", told["id"], "--task", "0")[2]
    assert "there is no task 1" in shell.refused("job", told["id"], "--why", "--task", "1")[2]


FORGETFUL = """
import surge, sys
def double(x): return 2 * x
executor = surge.Executor(max_workers=1, budget="0.10")
late = [executor.submit(double, n) for n in range(20)]
print(late[0].result(), sys.getrecursionlimit())
"""


def test_a_script_that_forgets_to_shut_down_ends_and_closes_its_lease(shell):
    before = shell.dollars()
    script = shell.folder / "forgetful.py"
    script.write_text(FORGETFUL)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=shell.folder,
        env=shell.environment,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (0, b"0 1000\n"), done.stderr
    assert done.stderr == b""
    newest = shell.json("jobs")["jobs"][0]
    assert (newest["name"], newest["state"]) == ("executor", "closed")
    assert shell.json("job", newest["id"])["tasks"] == 20
    assert before - shell.dollars() == parse_usd(shell.json("job", newest["id"])["paid"]) > 0


def test_why_tells_of_a_task_that_failed(shell):
    failed = shell.run("run", "endless.py", "--fuel", "1")
    assert failed.returncode == 1
    newest = shell.json("jobs")["jobs"][0]
    told = shell.json("job", newest["id"], "--why")
    assert (told["tasks"]["done"], told["tasks"]["failed"]) == (0, 1)
    assert told["steps"][-1]["said"].startswith("task 0 failed: LimitExceeded: ")
    assert b"Nothing went wrong" not in shell.run("job", newest["id"], "--why").stdout


def test_what_a_job_did_is_logged_where_it_is_asked_for(shell):
    quiet = shell.run("run", "job.py", "--stdin", "in", "--", "21")
    assert b"surge.trace" not in quiet.stderr
    done = shell.run("--log-level", "debug", "run", "job.py", "--stdin", "in", "--", "21")
    assert done.returncode == 7, done.stderr
    assert b'"name":"choose providers"' in done.stderr
    assert b'"event":"ChunkDone"' in done.stderr
    assert b"DEBUG surge.chain: mined: opening 1 lease with" in done.stderr
    wrong = shell.run("--log-level", "loud", "jobs")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr == b"surge: 'loud' is no level for logs; use debug, info, warning, error\n"


def test_a_provider_joins_by_one_command_and_leaves(shell):
    place = shell.folder / "place"
    place.mkdir()
    (place / "config.toml").write_text('slots = 1\nmemory_mib = 1024\nprice_per_gfuel = "0.5"\n')
    code, kind, message = shell.refused("provide", "--place", str(place))
    assert (code, kind) == (2, "BadInput")
    assert "--yes" in message
    program = shell.start("provide", "--place", str(place), "--yes")
    try:
        await_line(program, "serving as")
        assert shell.providers()[-1] == "0.50"
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=PATIENCE)
    assert program.returncode == 0
    assert len(shell.providers()) == 2
    assert len(shell.json("earnings", "--place", str(place))["providers"]) == 1


@pytest.fixture
def stranger(shell, tmp_path):
    """Knows the network by its address book alone, and has a new wallet with nothing in it."""
    stranger = Shell(tmp_path / "stranger", shell.folder, SURGE_PASSWORD="only for this test")
    book = stranger.home / "networks" / "shared" / "book.json"
    book.parent.mkdir(parents=True)
    shutil.copy(shell.home / "networks" / "local" / "book.json", book)
    return stranger


def test_a_wallet_without_funds_is_told_so(stranger):
    held = stranger.json("wallet", "--create", "--network", "shared")
    assert (held["usd"], held["surge"], held["gas"]) == ("0.00", "0.0", "0.0")
    code, kind, message = stranger.refused("run", "job.py", "--network", "shared")
    assert (code, kind) == (4, "Underfunded")
    assert held["address"] in message


def test_the_wrong_network_is_told_so(stranger):
    book = stranger.home / "networks" / "shared" / "book.json"
    content = json.loads(book.read_text())
    book.write_text(json.dumps({**content, "chain_id": 1}))
    code, kind, message = stranger.refused("asks", "--network", "shared")
    assert (code, kind) == (3, "NoNetwork")
    assert "chain 31337" in message
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        book.write_text(json.dumps({**content, "rpc_url": f"http://127.0.0.1:{closed.getsockname()[1]}"}))
        code, kind, message = stranger.refused("asks", "--network", "shared")
    assert (code, kind) == (3, "NoNetwork")


def test_another_network_s_book_is_not_overwritten(shell, tmp_path):
    home = Shell(tmp_path / "home", tmp_path)
    book = home.home / "networks" / "local" / "book.json"
    book.parent.mkdir(parents=True)
    content = json.loads((shell.home / "networks" / "local" / "book.json").read_text())
    book.write_text(json.dumps({**content, "local": False}))
    before = book.read_bytes()
    code, kind, message = home.refused("up", "--detach")
    assert (code, kind) == (2, "BadInput")
    assert "another name" in message
    assert book.read_bytes() == before
    assert not (book.parent / "chain").exists()


def test_no_anvil_and_a_taken_port_are_told_at_once(tmp_path):
    home = Shell(tmp_path / "home", tmp_path, SURGE_ANVIL=str(tmp_path / "none"))
    assert home.refused("up", "--detach")[:2] == (2, "BadInput")
    del home.environment["SURGE_ANVIL"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, kind, message = home.refused("up", "--detach", "--port", port)
    assert (code, kind) == (3, "Unavailable")
    assert f"port {port} is taken" in message
    assert not list(home.home.glob("networks/*/chain/*.json"))


def test_down_keeps_the_state_and_up_resumes_it(shell, wasm_job):
    before = shell.dollars()
    assert "anvil" in shell.json("down")["stopped"]
    assert shell.json("down")["stopped"] == []
    assert shell.refused("asks")[:2] == (3, "NoNetwork")
    assert shell.json("jobs")["jobs"], "what was run is known without the network"

    state = shell.home / "networks" / "local" / "chain" / "state.json"
    whole = state.read_bytes()
    state.write_bytes(whole[:1000])
    assert shell.refused("up", "--detach")[:2] == (2, "CorruptState")
    assert state.read_bytes() == whole[:1000]
    state.write_bytes(whole)

    program = shell.start("up")
    try:
        await_line(program, "press Ctrl-C")
        assert shell.dollars() == before
        assert len(shell.providers()) == 2
        assert shell.json("verify", wasm_job["job"])["verified"] is True
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=PATIENCE)
    assert program.returncode == 0
    assert shell.json("status")["up"] is False
