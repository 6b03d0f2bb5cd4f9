"""Units as types, and money as decimal strings. A bare int never crosses a boundary."""

import re
from typing import NewType

from surge.model.errors import BadInput

MicroUsd = NewType("MicroUsd", int)
"""Millionths of a dollar: the test dollar's smallest unit (6 decimals)."""
Wei = NewType("Wei", int)
"""SURGE × 1e18."""
Fuel = NewType("Fuel", int)
"""wasmtime fuel units."""
Bytes = NewType("Bytes", int)
MilliJoules = NewType("MilliJoules", int)
Seconds = NewType("Seconds", int)
Bps = NewType("Bps", int)
"""Parts in ten thousand."""
Wad = NewType("Wad", int)
"""Fixed point, 1e18."""
Gas = NewType("Gas", int)
LeaseId = NewType("LeaseId", int)
Address = NewType("Address", str)
"""EIP-55 form."""

NOBODY = Address("0x" + "0" * 40)
"""What a contract means by no address."""
MAX_UINT256 = 2**256 - 1
"""The largest word: as an allowance without a limit, as an amount all that there is."""

BPS = 10_000
WAD = 10**18
GFUEL = 10**9
GIB = 2**30
USD_DECIMALS = 6
SURGE_DECIMALS = 18

_DECIMAL = re.compile(r"^(\d{1,15})(?:\.(\d{1,18}))?$")


def parse_decimal(text: str, decimals: int, what: str) -> int:
    """`("1.5", 6, "amount")` → 1_500_000. Raises BadInput for floats, signs, exponents, more decimals."""
    match = _DECIMAL.match(text.strip()) if isinstance(text, str) else None
    if match is None or len(match.group(2) or "") > decimals:
        raise BadInput(
            f"{what} {text!r} is not a decimal string with up to {decimals} decimals; {_cure(text)}"
        )
    whole, fraction = match.group(1), match.group(2) or ""
    return int(whole + fraction.ljust(decimals, "0"))


def _cure(text: str) -> str:
    if not isinstance(text, str):
        return "write 1.50"
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", text.strip()):
        return f"write it without commas: {text.strip().replace(',', '')}"
    if re.fullmatch(r"\d{16,}(\.\d*)?", text.strip()):
        return "it is too large"
    if text.strip().startswith("-"):
        return "it can't be negative: write 1.50"
    return "write 1.50"


def show_decimal(amount: int, decimals: int, at_least: int = 0) -> str:
    """Exact decimal string of `amount` smallest units, with `at_least` decimals. Inverse of parse_decimal."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    whole, part = divmod(amount, 10**decimals)
    fraction = str(part).rjust(decimals, "0").rstrip("0").ljust(at_least, "0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def parse_usd(text: str) -> MicroUsd:
    """`"1.50"` → 1_500_000. Raises BadInput for floats, signs, exponents and a seventh decimal."""
    return MicroUsd(parse_decimal(text, USD_DECIMALS, "amount"))


def show_usd(amount: int) -> str:
    """1_500_000 → `"1.50"`; never fewer than two decimals, never rounded."""
    return show_decimal(amount, USD_DECIMALS, 2)


def parse_surge(text: str) -> Wei:
    """`"10"` → 10e18."""
    return Wei(parse_decimal(text, SURGE_DECIMALS, "amount of SURGE"))


def show_surge(amount: int) -> str:
    """Exact decimal string of an amount of SURGE in wei."""
    return show_decimal(amount, SURGE_DECIMALS, 1)


def parse_percent(text: object, what: str) -> Bps:
    """`"0.5%"` → 50. A bare number may mean either of two things, so it is refused (BadInput)."""
    if isinstance(text, str) and text.strip().endswith("%"):
        return Bps(parse_decimal(text.strip()[:-1].rstrip(), 2, f"{what} in per cent"))
    written = str(text).strip()
    example = f"{written}%" if _DECIMAL.match(written) else "0.5%"
    raise BadInput(f"the {what} {text!r} has no unit; write it in per cent, with the sign: {example!r}")


def show_percent(part: Bps) -> str:
    """50 → `"0.5%"`. Inverse of parse_percent."""
    return show_decimal(part, 2) + "%"


def divide_up(numerator: int, denominator: int) -> int:
    """⌈numerator / denominator⌉ for non-negative integers."""
    return -(-numerator // denominator)


def show_gfuel(fuel: int) -> str:
    """Fuel in units of 1e9, to two decimals, down."""
    return f"{fuel // 10**9:,}.{fuel % 10**9 // 10**7:02d}"


def counted(count: int, noun: str) -> str:
    """ "1 lease", "2 leases", "2 sandboxes"."""
    plural = "es" if noun.endswith("x") else "s"
    return f"{count:,} {noun}" + ("" if count == 1 else plural)
