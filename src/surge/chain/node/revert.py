"""Why a transaction failed, in words: revert payloads and node errors → our errors."""

import re
from typing import Any

from surge.chain.node.rpc import RpcError
from surge.model.errors import NoNetwork, Refused, Reverted, Underfunded

_ERROR = "0x08c379a0"
_PANIC = "0x4e487b71"
_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x32: "index out of range",
}
MOST_WORDS = 300
"""Bytes of a reason that are read and told."""
_NO_GAS = ("insufficient funds", "insufficient balance", "gas required exceeds allowance")
_FAILS = re.compile(
    "out of ?gas|opcode|stack (under|over)flow|stack limit|invalid jump|bad jump|write protection|evm error"
    "|vm execution|return data out of bounds|execution (aborted|timeout|timed out)"
)
"""As nodes say of a contract that fails without a word: it burns what gas it gets, or is no code."""

NEXT_STEPS = (
    (r"^Credit: above the max LTV", "use a smaller amount, or add collateral; the position shows the most"),
    (r"^Credit: less would be seized", "look at the position again, or accept less (`--min-seized`)"),
    (r"^Credit: less than the minimum debt", "leave at least the market's minimum debt, or none at all"),
    (r"^Credit: not enough cash", "take less, or wait until borrowers repay or lenders supply"),
    (
        r"^Credit: price is unsafe",
        "wait until the price's sources agree; repaying and adding collateral work",
    ),
    (
        r"^OracleGuard: (the (bounds|base|window|longest|deviation|pair is|rate has)|a rate|more than)",
        "choose other sources or bounds for the oracle",
    ),
    (r"^(Credit: price is zero|OracleGuard: |LpOracle: )", "wait until the price feed is fresh again"),
    (r"^Credit: (not past the LLTV|no debt)", "look at the position: it may have been repaid already"),
    (r"^Credit: (only the whole|would not raise)", "liquidate as much as is allowed (`max`)"),
    (r"^Credit: not authorised", "have the position's owner authorise the sender in Credit first"),
    (r"^Credit: more than", "look at the position, and use a smaller amount (`max` takes all)"),
    (r"^Credit: (no code|max LTV|LLTV|target|min debt|reserve)", "choose other parameters for the market"),
    (r"^Credit: no such market", "run `surge credit markets` to see what there is"),
    (r"^Credit: (signature has|another nonce|not the auth)", "sign anew, and send it soon after"),
    (r"^(Router|Leverage): the deadline", "send it again: it waited too long"),
    (r"^(Router|Pair|Leverage|Batch): ", "prices moved; look at a new preview, or allow more slippage"),
    (r"^Vault: ", "look at the vault with `surge credit vaults`, and use a smaller amount"),
    (
        r"insufficient|exceeds balance|too little",
        "add funds (on a local network: `surge wallet --faucet`), then try again",
    ),
    (r"no (ask|provider|eligible)", "run `surge asks` to see what is offered, or raise the price cap"),
    (r"voucher|sequence|signature", "fetch the newest voucher of this lease and send that one"),
    (r"expiry|grace|not over|still unbonding|is running", "wait until then, and try again"),
    (r"stake", "stake more SURGE, or offer fewer slots"),
    (r"only ", "send it from the account that the contract expects"),
)


def refusal(error: RpcError, what: str, sender: str) -> Refused | NoNetwork:
    """The error to raise when the node refused `what`, sent by `sender`."""
    text = error.message.lower()
    reason = reason_of(error)
    if reason is None and any(sign in text for sign in _NO_GAS):
        return Underfunded(
            f"{what}: {sender} can't pay for the gas; send it some of the chain's coin, then try again"
        )
    if reason is None and _FAILS.search(text):
        return reverted(what, error.message)
    if reason is None and "revert" not in text and error.code != 3:
        return NoNetwork(f"{what}: the node refused it ({error.message}); check `surge status` and try again")
    return reverted(what, reason or "no reason given")


def reverted(what: str, reason: str) -> Reverted:
    """The error for a revert: the contract's reason and a next step."""
    step = next(
        (step for pattern, step in NEXT_STEPS if re.search(pattern, reason, re.IGNORECASE)),
        "look at the state with `surge status`; nothing was changed",
    )
    return Reverted(f"{what} was refused by the contract ({reason[:MOST_WORDS]}); {step}")


def reason_of(error: RpcError) -> str | None:
    """The contract's words in a node's error, or None when there are none."""
    payload = error.payload
    while isinstance(payload, dict):
        payload = payload.get("data")
    reason = reason_in(payload) if isinstance(payload, str) else None
    if reason is None:
        match = re.search(r"(?:execution )?reverted:? +(?:with reason )?(.+)", error.message)
        reason = match.group(1).strip(" '\"") if match else None
    return reason


def reason_in(payload: str) -> str | None:
    """The words in what a call returned when it reverted, in hex. Any contract may have written them: no more
    than MOST_WORDS of them are read, and what isn't hex says nothing."""
    try:
        content = bytes.fromhex(payload[10:])
    except ValueError:
        return None
    if payload.startswith(_ERROR):
        length = min(int.from_bytes(content[32:64], "big"), MOST_WORDS)
        return content[64 : 64 + length].decode("utf-8", "replace")
    if payload.startswith(_PANIC):
        code = int.from_bytes(content[:32], "big")
        return _PANICS.get(code, f"panic {code:#x}")
    return None


def as_error(result: Any, what: str, sender: str) -> Any:
    """Pass a result on; raise the refusal that an RpcError stands for."""
    if isinstance(result, RpcError):
        raise refusal(result, what, sender) from result
    return result
