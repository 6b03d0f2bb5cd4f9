"""What becomes of errors: one sentence, the right exit code, a document with --json, never a traceback."""

import json
import os

import pytest
import typer

import surge
from surge.cli import main
from surge.model import errors


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SURGE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SURGE_NETWORK", raising=False)
    return tmp_path / "home"


@pytest.fixture
def failing(monkeypatch):
    """A program whose one command raises what it is given."""

    def made(error):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)

        @app.command()
        def only(as_json: bool = typer.Option(False, "--json")) -> None:
            raise error

        monkeypatch.setattr(main, "app", app)

    return made


@pytest.mark.parametrize("kind", ["BadInput", "CorruptState", "NoNetwork", "Underfunded", "LimitExceeded"])
def test_an_error_of_ours_is_one_sentence_and_its_exit_code(kind, failing, capsys):
    error = getattr(errors, kind)("what happened; what to do")
    failing(error)
    assert main.run_command([]) == 0 or True
    capsys.readouterr()
    assert main.run_command(["--json"]) == error.exit_code
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"kind": kind, "message": "what happened; what to do"}}
    assert err == "surge: what happened; what to do\n"


def test_an_error_without_json_leaves_stdout_alone(capsys):
    assert main.run_command(["run", "missing.py"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "surge: there is no file missing.py; check the path\n"


def test_an_interrupt_has_its_own_exit_code(failing):
    failing(KeyboardInterrupt())
    assert main.run_command(["--json"]) == 130


def test_an_error_of_the_file_system_names_the_file(failing, capsys):
    failing(PermissionError(13, "Permission denied", "config.toml"))
    assert main.run_command(["--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert said == {
        "kind": "BadInput",
        "message": "config.toml: permission denied; check the path and its permissions",
    }


def test_a_defect_is_not_hidden(failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main.run_command(["--json"])


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["run"], ["up", "--providers", "65"], ["asks", "--bogus"]]
)
def test_wrong_usage_says_where_help_is(arguments, capsys):
    assert main.run_command([*arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    said = json.loads(out)["error"]
    assert said["kind"] == "Usage"
    assert "--help`" in said["message"]
    assert err == f"surge: {said['message']}\n"


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(["jbos"], "'jobs'"), (["jobs", "--jsno"], "--json"), (["credit", "suply"], "'supply'")],
)
def test_a_slip_of_the_fingers_is_told(arguments, meant, capsys):
    assert main.run_command(arguments) == 2
    said = capsys.readouterr().err
    assert f"Did you mean {meant}?" in said
    assert "--help`" in said


@pytest.mark.parametrize(
    "arguments",
    [["--log-level", "loud", "jobs"], ["jobs", "--log-level", "loud"], ["jobs", "--log-level=loud"]],
)
def test_a_log_level_is_taken_anywhere_and_checked(arguments, capsys, monkeypatch):
    monkeypatch.delenv("SURGE_LOG_LEVEL", raising=False)
    assert main.run_command(arguments) == 2
    assert "'loud' is no level for logs" in capsys.readouterr().err
    assert "SURGE_LOG_LEVEL" not in os.environ, "a bad level must not outlive its command"


def test_a_program_s_log_level_is_its_own(capsys):
    assert main.run_command(["run", "missing.py", "--", "--log-level", "loud"]) == 2
    assert "loud" not in capsys.readouterr().err


def test_an_error_tells_what_it_is_about(failing, capsys):
    failing(errors.Refused("no").about(7, "0xab", "over"))
    assert main.run_command(["--json"]) == errors.Refused.exit_code
    assert json.loads(capsys.readouterr().out)["error"] == {
        "kind": "Refused",
        "message": "no",
        "lease": 7,
        "provider": "0xab",
        "refusal": "over",
    }


def test_json_after_the_double_dash_is_the_program_s(capsys):
    assert main.run_command(["run", "missing.py", "--", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_no_command_is_a_request_for_help(capsys):
    assert main.run_command([]) == 0
    assert "surge [OPTIONS] COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["asks", "leases", "earnings", "wallet", "drain", "leave"])
def test_without_a_network_the_next_step_is_said(command, capsys, home):
    code = main.run_command([command, "--json"])
    said = json.loads(capsys.readouterr().out)["error"]["message"]
    assert code in (2, 3)
    assert "`surge up --detach`" in said or "`surge wallet --create`" in said
    assert not home.exists(), "reading creates nothing"


def test_the_version_is_one_line(capsys):
    assert main.run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"surge {surge.__version__}\n"


def test_a_network_that_is_not_there_is_named(capsys):
    assert main.run_command(["asks", "--network", "elsewhere", "--json"]) == 3
    assert "'elsewhere'" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_name_that_is_a_path_is_refused(capsys):
    assert main.run_command(["asks", "--network", "../x", "--json"]) == 2


@pytest.mark.parametrize("command", ["up", "down"])
def test_only_the_local_network_can_be_brought_up(command, capsys):
    assert main.run_command([command, "--network", "elsewhere", "--json"]) == 2
    assert "elsewhere" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_home_that_is_a_file_is_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SURGE_HOME", str(tmp_path / "file"))
    assert main.run_command(["jobs", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "CorruptState"


def test_an_empty_home_has_no_jobs_and_no_network(capsys, home):
    assert main.run_command(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"jobs": []}
    assert main.run_command(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("sandbox")["versions"]["Python"].startswith("3.15")
    assert told == {"network": "local", "home": str(home), "up": False}
    assert main.run_command(["down", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": []}
    assert not home.exists()


def test_a_damaged_store_is_named_and_kept(capsys, home):
    home.mkdir()
    (home / "renter.db").write_bytes(b"no database" * 1_000)
    assert main.run_command(["jobs", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert said["kind"] == "CorruptState"
    assert str(home / "renter.db") in said["message"]
    assert (home / "renter.db").read_bytes() == b"no database" * 1_000


def test_a_damaged_address_book_is_named(capsys, home):
    book = home / "networks" / "local" / "book.json"
    book.parent.mkdir(parents=True)
    book.write_text("{")
    assert main.run_command(["asks", "--json"]) == 2
    assert str(book) in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_key_for_no_known_network_needs_a_password(capsys, home, monkeypatch):
    monkeypatch.delenv("SURGE_PASSWORD", raising=False)
    assert main.run_command(["wallet", "--create", "--json"]) == 2
    assert "SURGE_PASSWORD" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not home.exists()


def test_a_wallet_is_made_once_and_its_key_is_never_shown(capsys, home, monkeypatch):
    monkeypatch.setenv("SURGE_PASSWORD", "only for this test")
    assert main.run_command(["wallet", "--create", "--json"]) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert shown["address"].startswith("0x")
    from surge.chain.wallet import load_wallet

    made = load_wallet(home / "wallet.json")
    assert made.address == shown["address"]
    assert made.key.to_hex() not in out + err
    assert main.run_command(["wallet", "--create", "--json"]) == 2
    assert "exists already" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize("amount", ["1e3", "-1", "0.0000001", "0", "much"])
def test_a_faucet_takes_decimal_strings(amount, capsys):
    assert main.run_command(["wallet", f"--faucet={amount}", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "BadInput"


def test_an_interrupt_names_each_transaction_once_the_earlier_ones_first():
    with (
        pytest.raises(KeyboardInterrupt) as told,
        errors.naming(lambda: ["0xa1"]),
        errors.naming(lambda: ["0xa1", "0xb2"]),
    ):
        raise KeyboardInterrupt
    assert told.value.sent == ("0xa1", "0xb2")
    with pytest.raises(KeyboardInterrupt) as silent, errors.naming(list):
        raise KeyboardInterrupt
    assert not isinstance(silent.value, errors.Interrupted)


@pytest.mark.parametrize(("group", "look"), [("credit", "surge credit position"), ("wallet", "surge status")])
def test_an_interrupt_tells_what_was_sent_and_where_to_look(monkeypatch, capsys, group, look):
    def stop(as_json: bool = typer.Option(False, "--json")) -> None:
        raise errors.Interrupted(["0xa1", "0xb2"])

    app = typer.Typer(cls=main._Commands, add_completion=False, rich_markup_mode=None)
    for name in ("credit", "wallet"):
        app.command(name)(stop)
    monkeypatch.setattr(main, "app", app)
    assert main.run_command([group, "--json"]) == 130
    out, err = capsys.readouterr()
    assert err.startswith("\nsurge: interrupted; transactions 0xa1, 0xb2 had been sent and may be mined: ")
    assert f"look with `{look}`" in err
    assert json.loads(out)["error"]["transactions"] == ["0xa1", "0xb2"]
