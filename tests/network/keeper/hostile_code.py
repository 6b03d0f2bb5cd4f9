"""Contracts that say the same to whatever they are asked, in a few bytes of code."""

from hypothesis import strategies as st

WORD = 32
LOOPS, INVALID, EMPTY = bytes.fromhex("5b600056"), bytes.fromhex("fe"), b""


def answering(content: bytes) -> bytes:
    return _handing_out(content, "f3")


def reverting(content: bytes) -> bytes:
    return _handing_out(content, "fd")


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(WORD, "big") for value in values)


def text(said: bytes) -> bytes:
    """A string, as ABIs have it."""
    return words(WORD, len(said)) + said.ljust(-(-len(said) // WORD) * WORD, b"\0")


def _handing_out(content: bytes, how: str) -> bytes:
    """Copies what stands behind its ten bytes of code to memory, and ends with that."""
    return bytes.fromhex(f"61{len(content):04x}80600a5f395f{how}") + content


NUMBERS = st.one_of(st.integers(0, 40), st.integers(0, 2**256 - 1), st.just(2**256 - 1), st.just(255))
SAYINGS = st.one_of(
    st.sampled_from([b"ETH", b"TUSD", b"\x1b[2J\x1b[31mETH", "ΕТН".encode(), b"", b"\xff" * 40, b"\n\t\r"]),
    st.binary(max_size=80),
    st.integers(1, 20_000).map(lambda n: b"A" * n),
)
ANSWERS = st.one_of(
    st.lists(NUMBERS, min_size=1, max_size=4).map(lambda values: words(*values)),
    SAYINGS.map(text),
    SAYINGS.map(lambda said: said[:WORD].ljust(WORD, b"\0")),
    SAYINGS,
    st.tuples(NUMBERS, NUMBERS, SAYINGS).map(lambda one: words(one[0], one[1]) + one[2]),
)
CODES = st.one_of(
    st.sampled_from([INVALID, EMPTY]),
    ANSWERS.map(answering),
    SAYINGS.map(lambda said: reverting(bytes.fromhex("08c379a0") + text(said))),
    SAYINGS.map(reverting),
)
"""Of any contract of a stranger; loops take long, and are tried by themselves."""
