"""Who becomes a provider, with which key and slots, on a local network and where money is worth more."""

import json
from dataclasses import replace

import pytest

from surge.chain.client import Chain
from surge.chain.network.book import save_book
from surge.chain.wallet import SCRYPT_STRONG, create_wallet, load_wallet, wallet_address
from surge.cli.main import run_command
from surge.local.network import LocalNetwork
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.units import Wei, parse_usd
from surge.store.home import Home

pytestmark = pytest.mark.slow

CONFIG = "slots = {}\nmemory_mib = 64\ngfuel_per_second = 10.0\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("provide") / "home") as running:
        yield running


@pytest.fixture
def surge(monkeypatch, capsys):
    """`surge …` in this very interpreter: the exit code, and what it says at last."""

    def run(*arguments):
        capsys.readouterr()
        code = run_command([*arguments, "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


@pytest.fixture
def lan(network, tmp_path, monkeypatch):
    """Another home, in which the same chain is no local one, though its node is on this machine."""
    home = Home(tmp_path / "lan")
    save_book(replace(network.book, name="lan", local=False), home.book("lan"))
    for name, value in (("HOME", str(home.root)), ("NETWORK", "lan"), ("PASSWORD", "only for this test")):
        monkeypatch.setenv(f"SURGE_{name}", value)
    return home


def configured(folder, slots=1):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(CONFIG.format(slots))


def refused(answer, code=2):
    assert answer[0] == code, answer
    assert answer[2].splitlines()[-1] == f"surge: {answer[1]['error']['message']}"
    return answer[1]["error"]["message"]


@pytest.mark.parametrize("before", [lambda _: None, configured])
def test_nobody_becomes_a_new_provider_unasked(lan, surge, before):
    """Not even by --yes, which a service says at every start: the folder may not be mounted."""
    before(lan.provider)
    assert "--new-key" in refused(surge("provide", "--yes"))
    assert not list(lan.provider.glob("key*"))


def test_a_folder_that_lost_its_key_never_gets_another_one(lan, surge):
    configured(lan.provider)
    (lan.provider / "endpoint.key").write_bytes(bytes(32))
    message = refused(surge("provide", "--yes", "--new-key"))
    assert "restore its key from a backup" in message
    assert not (lan.provider / "key.json").exists()


def test_a_new_provider_has_a_strong_lock_and_is_told_what_it_lacks(lan, surge):
    configured(lan.provider)
    code, document, said = surge("provide", "--yes", "--new-key")
    address = wallet_address(lan.provider / "key.json")
    assert f"made the key of a new provider, {address}" in said
    assert code == 4
    assert f"{address} is short of 100 SURGE and 0." in document["error"]["message"]
    kept = json.loads((lan.provider / "key.json").read_text())
    assert kept["crypto"]["kdfparams"]["n"] == SCRYPT_STRONG
    assert not (lan.provider / "key.password").exists()


def test_a_key_whose_password_lies_beside_it_provides_on_local_networks_alone(lan, surge, monkeypatch):
    monkeypatch.delenv("SURGE_PASSWORD")
    create_wallet(lan.provider / "key.json", throwaway=True)
    configured(lan.provider)
    key = lan.provider / "key.json"
    assert f"`surge wallet --lock {key}`" in refused(surge("provide", "--yes"))
    assert "SURGE_PASSWORD" in refused(surge("wallet", "--lock", str(key)))
    monkeypatch.setenv("SURGE_PASSWORD", "only for this test")
    assert surge("wallet", "--lock", str(key))[1] == {"address": wallet_address(key), "keystore": str(key)}
    assert "is short of" in refused(surge("provide", "--yes"), code=4)


def test_a_local_network_s_wallet_is_locked_before_it_is_used_elsewhere(lan, surge, monkeypatch):
    monkeypatch.delenv("SURGE_PASSWORD")
    create_wallet(lan.wallet, throwaway=True)
    assert f"`surge wallet --lock {lan.wallet}`" in refused(surge("wallet", "--faucet", "1"))
    monkeypatch.setenv("SURGE_PASSWORD", "only for this test")
    assert surge("wallet", "--lock", str(lan.wallet))[0] == 0
    assert not lan.wallet.with_suffix(".password").exists()
    assert load_wallet(lan.wallet, strict=True).address == wallet_address(lan.wallet)


def test_on_a_local_network_agreeing_is_enough(network, tmp_path, surge, monkeypatch):
    """The offer itself is refused here: what matters is the key."""
    assert network.book.local
    monkeypatch.setenv("SURGE_HOME", str(network.home.root))
    place = tmp_path / "place"
    assert "--yes" in refused(surge("provide", "--place", str(place)))
    assert not place.exists()
    configured(place, slots=1024)
    (place / "config.toml").write_text("slots = 1024\nmemory_mib = 1048576\n")
    assert "1,024 sandboxes of 1,048,576 MiB" in refused(surge("provide", "--place", str(place), "--yes"))
    assert (place / "key.password").exists()


def test_other_slots_and_too_few_slots_are_one_sentence(network, lan, surge):
    provider = create_wallet(lan.provider / "key.json")
    configured(lan.provider, slots=1)
    assert "slots = 1 and --slots says 2" in refused(surge("provide", "--yes", "--slots", "2"))
    network.endow(provider.address, Wei(2 * network.book.parameters.stake_per_slot))
    with Chain(network.book, provider.key) as chain:
        chain.asks.stake(Wei(2 * network.book.parameters.stake_per_slot))
        chain.asks.publish(Ask(price_gfuel=2, price_gib=1_000, slots=2, runtime=7), "a ticket")
    with Chain(network.book, load_wallet(network.home.wallet).key) as chain:
        demand = Demand(cap_gfuel=1_000, cap_gib=10_000, slots=2, duration=60, runtime=7)
        chain.leases.open(demand, parse_usd("0.01"), [provider.address])
    message = refused(surge("provide", "--yes"))
    assert "1 slot would be fewer than the 2 that are leased" in message
    configured(lan.provider, slots=2)
    message = refused(surge("provide"))
    assert "add --yes" in message, "what was told before it is of no harm any more"


def test_secrets_in_an_rpc_address_are_shown_nowhere(network, lan, surge):
    secret = network.book.rpc_url.replace("http://", "http://somebody:hidden@") + "/?key=hidden"
    save_book(replace(network.book, name="lan", local=False, rpc_url=secret), lan.book("lan"))
    code, document, _ = surge("status")
    assert (code, document["rpc_url"]) == (0, f"{network.book.rpc_url}/…")
    save_book(replace(network.book, name="lan", local=False, chain_id=1, rpc_url=secret), lan.book("lan"))
    for command in (["status"], ["asks"], ["wallet", "--create"], ["provide", "--yes"]):
        code, document, said = surge(*command)
        assert code != 0
        assert "hidden" not in json.dumps(document) + said
