"""Parts of a whole as people write them: always with the sign, since 0.5 alone may mean two things."""

import re

from surge.model.errors import BadInput
from surge.model.units import BPS, Bps, parse_decimal


def parse_percent(text: object, what: str) -> Bps:
    """`"0.5%"` → 50. Raises BadInput for a number without its sign."""
    if isinstance(text, str) and text.strip().endswith("%"):
        return Bps(parse_decimal(text.strip()[:-1].rstrip(), 2, f"{what} in per cent"))
    written = str(text).strip()
    example = f"{written}%" if re.fullmatch(r"\d{1,3}(\.\d{1,2})?", written) else "0.5%"
    raise BadInput(f"the {what} {text!r} has no unit; write it in per cent, with the sign: {example!r}")


def slippage(text: object) -> Bps:
    """How much worse than now it may turn out: below all. Raises BadInput."""
    part = parse_percent(text, "slippage")
    if part >= BPS:
        raise BadInput(f"a slippage of {text} is no bound; name one below 100%, such as '1%'")
    return part
