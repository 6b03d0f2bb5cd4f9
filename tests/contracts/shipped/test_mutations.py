"""What scripts/mutate.py tries: each mistake once, none where it would be none."""

import sys

from places import SCRIPTS

sys.path.append(str(SCRIPTS))

from mutations import mutants

SOURCE = '''
"""
@notice a < b and 7 in words are left alone.
"""
event Paid:
    amount: uint256

SCALE: constant(uint256) = 10**18
book: HashMap[address, uint256]


@external
def pay(to: address, amount: uint256, payload: Bytes[32]):
    # if a < b
    paid: uint256 = 0
    paid = self._to_shares_down(amount, SCALE)
    assert paid <= amount and amount > 0, "Pay: not 3 < 4"
    if amount == 1:
        self.book[to] += paid
    log Paid(amount=paid)
'''


def changed() -> dict[str, str]:
    """What is done, by the line that it makes."""
    lines = SOURCE.splitlines()
    found = {}
    for mutant in mutants(SOURCE):
        new = mutant.text.splitlines()
        (line,) = [one for one, other in zip(new, lines, strict=True) if one != other]
        found[line.strip()] = mutant.does
    return found


def test_each_mistake_is_made():
    made = changed()
    for line in (
        "SCALE: constant(uint256) = 10**17",
        "SCALE: constant(uint256) = 10*18",
        "SCALE: constant(uint256) = 11**18",
        "paid = self._to_shares_up(amount, SCALE)",
        "paid = self._to_shares_down(SCALE, amount)",
        'assert paid < amount and amount > 0, "Pay: not 3 < 4"',
        'assert paid > amount and amount > 0, "Pay: not 3 < 4"',
        'assert paid <= amount or amount > 0, "Pay: not 3 < 4"',
        'assert paid <= amount and amount >= 0, "Pay: not 3 < 4"',
        'assert paid <= amount and amount > 1, "Pay: not 3 < 4"',
        "if amount != 1:",
        "if not (amount == 1):",
        "self.book[to] -= paid",
        "pass",
    ):
        assert line in made, line


def test_what_is_no_mistake_is_left_alone():
    made = changed()
    assert not [line for line in made if line.startswith(("paid: uint256", "event", "book", "def", "#", "@"))]
    assert not [line for line in made if "Bytes[3" in line and "Bytes[32]" not in line]
    assert all("not 3 < 4" in line for line in made if line.startswith("assert"))


def test_a_mutant_keeps_its_name_when_its_line_moves():
    before = {mutant.id for mutant in mutants(SOURCE)}
    assert before == {mutant.id for mutant in mutants(SOURCE.replace("@external", "\n\n@external"))}
    assert len(before) == len(mutants(SOURCE))
