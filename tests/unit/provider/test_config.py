"""config.toml: what a person writes wrongly in it is told with the file and the field."""

from fractions import Fraction

import pytest

from surge.model.errors import BadInput, CorruptState
from surge.model.units import GIB, MicroUsd, parse_usd
from surge.provider.config import Place, ProviderConfig, load_config
from surge.settle.gas import Scales


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('price_per_gfuel = "cheap"', "price_per_gfuel: amount 'cheap'"),
        ("price_per_gib = 0.01", "price_per_gib"),
        ('stake = "-1"', "stake: amount of SURGE '-1'"),
        ('payee = "nobody"', "payee: 'nobody' is no address"),
        ('payee = "0x12"', "payee: '0x12' is no address"),
        ('payee = "0xe72e0c4a5b528758bef5bfb343f4e288de9eee34"', "EIP-55"),
        ("slots = 0", "slots"),
        ("gfuel_per_second = inf", "gfuel_per_second"),
        ("color = 1", "color"),
    ],
)
def test_a_mistake_names_its_field(tmp_path, line, words):
    path = tmp_path / "config.toml"
    slots = "" if line.startswith("slots") else "slots = 1\n"
    path.write_text(f"{slots}memory_mib = 512\n{line}\n")
    with pytest.raises(BadInput, match=words) as raised:
        load_config(path)
    assert str(path) in str(raised.value)


def test_what_is_no_toml_is_left_alone(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("slots = [\n")
    with pytest.raises(CorruptState, match="is no TOML"):
        load_config(path)
    assert path.read_text() == "slots = [\n"


def test_a_whole_config_is_read(tmp_path):
    path = tmp_path / "config.toml"
    payee = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"
    path.write_text(f'slots = 2\nmemory_mib = 512\nstake = "200"\npayee = "{payee}"\n')
    config = load_config(path)
    assert (config.slots, config.payee, config.extra_stake) == (2, payee, 200 * 10**18)


def test_what_the_machine_s_memory_can_t_hold_is_refused_with_what_fits(tmp_path):
    path = tmp_path / "config.toml"
    ProviderConfig(slots=24, memory_mib=1024).require_room(24 * GIB, path)
    with pytest.raises(BadInput, match=r"1,024 sandboxes .* 1,048,576 MiB.* 24,575; offer 23 at most"):
        ProviderConfig(slots=1024, memory_mib=1024).require_room(24 * GIB - 1, path)
    with pytest.raises(BadInput, match="give each less"):
        ProviderConfig(slots=1, memory_mib=2048).require_room(GIB, path)


def test_fewer_slots_than_are_leased_are_refused(tmp_path):
    config = ProviderConfig(slots=2, memory_mib=1024)
    config.require_leased(2, tmp_path / "config.toml")
    with pytest.raises(BadInput, match=r"2 slots .* the 3 that are leased; offer at least 3"):
        config.require_leased(3, tmp_path / "config.toml")


def test_what_may_be_earned_is_price_times_speed_times_slots_less_the_fee():
    config = ProviderConfig(slots=3, memory_mib=64, price_per_gfuel="0.000002", gfuel_per_second=10.0)
    assert config.earnings_up(86_400, 500, cores=8) == MicroUsd(2 * 3 * 10 * 86_400 * 95 // 100)
    assert config.earnings_up(86_400, 500, cores=2) == MicroUsd(2 * 2 * 10 * 86_400 * 95 // 100)


@pytest.mark.parametrize("left", ["endpoint.key", "provider-31337-abcdef01.db"])
def test_a_folder_knows_that_it_served(tmp_path, left):
    (tmp_path / "config.toml").touch()
    assert not Place(tmp_path).served
    (tmp_path / left).touch()
    assert Place(tmp_path).served


def test_how_gas_is_weighed(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('slots = 2\nmemory_mib = 512\ncoin_price = "2500"\ngas_share = 0.25\n')
    assert load_config(path).scales == Scales(parse_usd("2500"), Fraction(1, 4))
    path.write_text("slots = 2\nmemory_mib = 512\n")
    assert load_config(path).scales == Scales()


@pytest.mark.parametrize(
    "line", ['coin_price = "-1"', 'coin_price = "many"', "gas_share = 0", "gas_share = 1.5"]
)
def test_a_wrong_weight_names_its_field(tmp_path, line):
    path = tmp_path / "config.toml"
    path.write_text(f"slots = 2\nmemory_mib = 512\n{line}\n")
    with pytest.raises(BadInput, match=line.split()[0]):
        load_config(path)
