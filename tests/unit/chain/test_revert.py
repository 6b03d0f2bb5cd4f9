import pytest
from eth_abi.abi import encode

from surge.chain.node.revert import reason_of, refusal, reverted
from surge.chain.node.rpc import RpcError
from surge.model.errors import NoNetwork, Reverted, Underfunded

REASON = "Market: escrow too small"
PAYLOAD = "0x08c379a0" + encode(["string"], [REASON]).hex()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RpcError(3, "execution reverted", PAYLOAD), REASON),
        (RpcError(3, "execution reverted", {"data": PAYLOAD}), REASON),
        (RpcError(-32000, f"execution reverted: {REASON}"), REASON),
        (
            RpcError(3, "execution reverted", "0x4e487b71" + encode(["uint256"], [0x11]).hex()),
            "arithmetic overflow",
        ),
        (RpcError(3, "execution reverted", "0x4e487b71" + encode(["uint256"], [0x99]).hex()), "panic 0x99"),
        (RpcError(3, "execution reverted", "0x"), None),
        (RpcError(-32000, "nonce too low"), None),
    ],
)
def test_the_contracts_words_are_found(error, reason):
    assert reason_of(error) == reason


def test_each_kind_of_refusal_has_its_error_and_a_next_step():
    reverted = refusal(RpcError(3, "execution reverted", PAYLOAD), "opening a lease", "0xAA")
    assert isinstance(reverted, Reverted)
    assert REASON in str(reverted)
    assert ";" in str(reverted)
    poor = refusal(RpcError(-32003, "Insufficient funds for gas * price + value"), "staking", "0xAA")
    assert isinstance(poor, Underfunded)
    assert "0xAA" in str(poor)
    odd = refusal(RpcError(-32601, "method not found"), "staking", "0xAA")
    assert isinstance(odd, NoNetwork)
    assert "method not found" in str(odd)


@pytest.mark.parametrize(
    ("code", "words"),
    [(-32603, "EVM error OutOfGas"), (-32603, "EVM error InvalidFEOpcode"), (-32000, "out of gas"),
     (-32000, "invalid opcode: INVALID"), (-32000, "stack underflow (0 <=> 1)"),
     (-32000, "invalid jump destination"),
     (-32000, "execution aborted (timeout = 5s)"), (-32015, "VM execution error.")],
)  # fmt: skip
def test_a_contract_that_fails_without_a_word_is_at_fault_itself(code, words):
    error = refusal(RpcError(code, words), "reading a price", "0xAA")
    assert isinstance(error, Reverted)
    assert words in str(error)


@pytest.mark.parametrize("said", ["0x08c379a0zz", "0x08c379a0", "0x08c379a0" + "ff" * 64, "0x4e487b71", "zz"])
def test_half_a_reason_is_none_that_breaks_anything(said):
    assert isinstance(refusal(RpcError(3, "execution reverted", said), "it", "0xAA"), Reverted)


def test_a_long_reason_is_cut():
    said = "0x08c379a0" + encode(["string"], ["x" * 10**5]).hex()
    for error in (RpcError(3, "execution reverted", said), RpcError(3, "execution reverted: " + "x" * 10**5)):
        assert 200 < len(str(refusal(error, "it", "0xAA"))) < 500


def test_a_revert_without_words_is_still_a_revert():
    assert isinstance(refusal(RpcError(3, "execution reverted", "0x"), "staking", "0xAA"), Reverted)


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("Credit: above the max LTV", "add collateral"),
        ("Credit: not enough cash", "take less"),
        ("Credit: not authorised", "authorise"),
        ("Credit: signature has expired", "sign anew"),
        ("OracleGuard: the answer is too old", "price feed"),
        ("OracleGuard: the pair is of other tokens", "choose other sources"),
        ("OracleGuard: the window is empty", "choose other sources"),
        ("Credit: LLTV must be below 1", "choose other parameters"),
        ("Leverage: the deadline has passed", "waited too long"),
        ("Leverage: borrows more than max_borrowed", "slippage"),
        ("Vault: more than the caps take", "smaller amount"),
    ],
)
def test_refusals_of_the_credit_side_say_what_would_work(reason, step):
    assert step in str(reverted("borrowing", reason))
