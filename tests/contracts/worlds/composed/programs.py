"""What an intruder may do, as its machine (mocks/credit/Intruder.vy) reads it, and programs of it."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from random import Random
from typing import NamedTuple

ALL = 255
"""Of 255 parts; 0 is one unit."""
LONGEST = 64


class Do(IntEnum):
    """Those before SUPPLY begin a group, which lasts up to its END."""

    END = 0
    GROUP_FLASH = 1
    GROUP_SWAP = 2
    GROUP_LIQUIDATE = 3
    GROUP_SUPPLY = 4
    GROUP_REPAY = 5
    GROUP_PLEDGE = 6
    SUPPLY = 10
    WITHDRAW = 11
    BORROW = 12
    REPAY = 13
    PLEDGE = 14
    UNPLEDGE = 15
    TRANSFER_SUPPLY = 16
    LIQUIDATE = 17
    COLLECT = 18
    POKE = 19
    DEPOSIT = 20
    MINT = 21
    TAKE = 22
    REDEEM = 23
    REDEEM_IN_KIND = 24
    ACCRUE_FEE = 25
    SKIM = 26
    SKIM_SUPPLY = 27
    SWAP = 30
    JOIN = 31
    PART = 32
    SKIM_PAIR = 33
    SYNC = 34
    OPEN = 40
    LESS = 41
    CLOSE = 42
    CARRY = 43
    GIVE = 50


class Op(NamedTuple):
    what: Do
    which: int = 0
    how_much: int = ALL

    def __repr__(self) -> str:
        return f"Op(Do.{self.what.name}, {self.which}, {self.how_much})"


Program = Sequence[Op]
END = Op(Do.END)


def group(op: Op, inside: Iterable[Op]) -> list[Op]:
    return [op, *inside, END]


def lending(what: Do, market: int, account: int = 0, how_much: int = ALL) -> Op:
    """In a market, for an account, 0 being the intruder; see World.accounts."""
    return Op(what, market | account << 2, how_much)


def encoded(program: Program) -> bytes:
    return b"".join(bytes(op) for op in program[:LONGEST])


# At random


LEAVING = (Do.REDEEM, Do.REDEEM, Do.TAKE, Do.REDEEM_IN_KIND, Do.WITHDRAW, Do.SWAP)
HITTING = (Do.LIQUIDATE, Do.LIQUIDATE, Do.LIQUIDATE, Do.BORROW, Do.SWAP, Do.OPEN, Do.COLLECT)
COMING = (Do.MINT, Do.MINT, Do.DEPOSIT, Do.DEPOSIT, Do.SUPPLY, Do.SWAP, Do.CARRY)
OWING = (Do.PLEDGE, Do.BORROW, Do.REPAY, Do.UNPLEDGE, Do.OPEN, Do.LESS, Do.CLOSE, Do.CARRY)
ANYTHING = tuple(kind for kind in Do if kind >= Do.SUPPLY)
STAGES = (
    (LEAVING, HITTING, COMING),
    (LEAVING, HITTING, COMING),
    (COMING, HITTING, LEAVING),
    (COMING, LEAVING, COMING),
    (OWING, HITTING, OWING),
    (COMING, OWING, LEAVING),
    (ANYTHING, ANYTHING, ANYTHING),
)
GROUPS = (
    *(Do.GROUP_FLASH,) * 5,
    Do.GROUP_SWAP,
    Do.GROUP_LIQUIDATE,
    Do.GROUP_SUPPLY,
    Do.GROUP_REPAY,
    Do.GROUP_PLEDGE,
)
OF_BORROWERS = (Do.GROUP_LIQUIDATE, Do.GROUP_REPAY, Do.LIQUIDATE, Do.REPAY, Do.POKE)
OF_MARKETS = range(Do.SUPPLY, Do.DEPOSIT)


def program(seed: int) -> list[Op]:
    """One to three schemes, or single operations between them."""
    dice = Random(seed)
    found: list[Op] = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        if dice.random() < 0.3:
            found.append(_op(dice, dice.choice(ANYTHING)))
        found += _scheme(dice)
    return found[:LONGEST]


def _scheme(dice: Random) -> list[Op]:
    """Leave, hit somebody, come back, or the other way round: mostly with what somebody lends for so long."""
    inside: list[Op] = []
    for stage in dice.choice(STAGES):
        inside += [_op(dice, dice.choice(stage)) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    if dice.random() < 0.1:
        inside.insert(dice.randrange(len(inside)), _op(dice, dice.choice(ANYTHING)))
    for _ in range(dice.choice((0, 1, 1, 1, 1, 2))):
        start = dice.choice((0, 0, dice.randrange(len(inside))))
        inside = [*inside[:start], *group(_op(dice, dice.choice(GROUPS)), inside[start:])]
    return inside


def _op(dice: Random, kind: Do) -> Op:
    """For itself or for who owes there: the numbers of a market and of its borrower are alike (see World)."""
    how_much = dice.choice((ALL, ALL, ALL, ALL, 128, dice.randrange(ALL), dice.randrange(250, ALL), 1, 0))
    market = dice.choice((0, 0, 0, 1, 2, 3))
    if kind in OF_BORROWERS:
        return lending(kind, market, dice.choice((market + 1, market + 1, market + 1, 0)), how_much)
    if kind in OF_MARKETS or Do.GROUP_LIQUIDATE < kind < Do.SUPPLY:
        return lending(kind, market, dice.choice((0, 0, 0, 0, dice.randrange(11))), how_much)
    return Op(kind, dice.choice((0, 1, 2, 2, dice.randrange(12))), how_much)
