"""What an intruder may do, as its machine (mocks/credit/Intruder.vy) reads it, and programs of it."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
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
