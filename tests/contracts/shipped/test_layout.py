"""Sizes and storage layouts: committed for readers, within the limits, and those of what ships."""

import runpy

import boa
import pytest

from places import SCRIPTS
from surge.chain.network.artifacts import artifact

SCRIPT = runpy.run_path(str(SCRIPTS / "contract_layout.py"))
SHIPPED = SCRIPT["shipped"]()


def test_the_committed_layout_is_that_of_the_artefacts() -> None:
    committed = SCRIPT["LAYOUT"].read_text().splitlines()
    assert committed == SCRIPT["describe"](SHIPPED).splitlines(), (
        "a size or a slot changed: its first lines in contracts/layout.md tell what to do"
    )


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped["contract"])
def test_it_can_be_deployed(shipped: dict[str, str]) -> None:
    deployed, creation = SCRIPT["sizes"](bytes.fromhex(shipped["bytecode"][2:]))
    assert deployed < SCRIPT["DEPLOYED_LIMIT"]
    assert creation < SCRIPT["CREATION_LIMIT"]


def test_the_size_told_is_that_of_the_code_at_the_address() -> None:
    contract = artifact("FixedRateIrm")
    with boa.env.anchor():
        address, code = boa.env.deploy_code(bytecode=bytes.fromhex(contract.creation((1,))[2:]))
    assert address != boa.env.eoa
    assert len(code) == SCRIPT["sizes"](contract.bytecode)[0]


def test_a_foreign_ending_is_refused() -> None:
    with pytest.raises(ValueError, match="does not end as Vyper's does"):
        SCRIPT["sizes"](bytes(100) + b"\x00\x35")


def test_variables_of_modules_and_wide_ones_are_shown() -> None:
    layout = {
        "own": {"slot": 1, "n_slots": 2, "type": "T"},
        "part": {"x": {"slot": 0, "n_slots": 1, "type": "U"}},
    }
    assert sorted(SCRIPT["slots"](layout)) == [(0, 1, "part.x", "U"), (1, 2, "own", "T")]
