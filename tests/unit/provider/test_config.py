"""config.toml: what a person writes wrongly in it is told with the file and the field."""

from fractions import Fraction

import pytest

from surge.model.errors import BadInput, CorruptState
from surge.model.units import parse_usd
from surge.provider.config import load_config
from surge.settle.gas import Scales


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('price_per_gfuel = "cheap"', "price_per_gfuel: amount 'cheap'"),
        ("price_per_gib = 0.01", "price_per_gib"),
        ('stake = "-1"', "stake: amount of SURGE '-1'"),
        ('payee = "nobody"', "payee: 'nobody' is no address"),
        ('payee = "0xe72e0c4a5b528758bef5bfb343f4e288de9eee34"', "EIP-55"),
        ("slots = 0", "slots"),
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
