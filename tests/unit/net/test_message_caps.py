"""Every cap of every field holds where messages are decoded."""

import msgspec
import pytest

from surge.net import messages as m
from surge.net.errors import Malformed

D, A, S = b"d" * 32, b"a" * 20, b"s" * 65
TERMS = m.TermsMessage(A, A, 1, 2, 3, 4, 5)
RECEIPT = m.ReceiptMessage(1, 0, D, D, 1, 2, 3, False, 4)
OUTCOME = m.OutcomeMessage(D, "returned", b"", 1, False)
HELLO = m.Hello(1, TERMS, S)
RUN = m.RunChunk(D, D, D, [1, 2], [b"", b"x"], 1, 2, 3, False, [])

NAMES = [[(256 * task + n).to_bytes(32, "big") for n in range(256)] for task in range(17)]
"""17 · 256 blobs."""


def changed(message: msgspec.Struct, **fields: object) -> msgspec.Struct:
    return msgspec.structs.replace(message, **fields)


def test_the_samples_themselves_pass() -> None:
    for message in (HELLO, RUN, m.ChunkDone(D, RECEIPT, S, [OUTCOME]), m.ImageReady(D, D, None, b"")):
        assert m.decode(m.encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        changed(HELLO, lease=-1),
        changed(HELLO, lease=2**63),
        changed(HELLO, signature=S[1:]),
        changed(HELLO, signature=S + b"s"),
        changed(HELLO, terms=changed(TERMS, renter=A[1:])),
        changed(HELLO, terms=changed(TERMS, slots=2**16)),
        changed(HELLO, terms=changed(TERMS, price_gfuel=2**32)),
        changed(HELLO, terms=changed(TERMS, escrow=2**40)),
        m.SeekBlobs([D] * 257),
        m.SeekBlobs([D[1:]]),
        m.PutBlob(D, m.MAX_BLOB + 1, 0, b""),
        m.PutBlob(D, 1, -1, b""),
        m.PutBlob(D, m.MAX_BLOB, 0, bytes(m.MAX_PART + 1)),
        m.PrepareImage("", D, [], b""),
        m.PrepareImage("python", D, ["m" * 129], b""),
        m.PrepareImage("python", D, ["m"] * 257, b""),
        changed(RUN, seeds=[], inputs=[]),
        changed(RUN, seeds=[-1, 2]),
        changed(RUN, seeds=[1] * (m.MAX_TASKS + 1), inputs=[b""] * (m.MAX_TASKS + 1)),
        changed(RUN, output=m.MAX_OUTPUT + 1),
        changed(RUN, fuel=1.5),
        changed(RUN, chunk=None),
        changed(RUN, blobs=[[D], [D[1:]]]),
        changed(RUN, blobs=[[D] * 257, []]),
        m.OutputPart(D, b""),
        m.OutputPart(D, bytes(m.MAX_PART + 1)),
        m.Printed(D, 0, "stdlog", 0, b""),
        m.Printed(D, -1, "stdout", 0, b""),
        m.PayVoucher(2**24, 1, D, S),
        m.PayVoucher(1, 2**40, D, S),
        m.RequestClose(True, 1),
        m.ChunkPart(D, []),
        m.ChunkDone(D, changed(RECEIPT, measured=1), S, []),
        m.ChunkDone(D, RECEIPT, S, [changed(OUTCOME, status="fine")]),
        m.ImageReady(D, D, RECEIPT, b"s" * 66),
        m.Sorry("", "why"),
        m.Sorry("c" * 33, "why"),
        m.Sorry("c", "w" * 1025),
        m.Sorry("c", "why", D[1:]),
        TERMS,
        RECEIPT,
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_field_beyond_its_cap_is_malformed(message: m.Message) -> None:
    with pytest.raises(Malformed, match="no message of ours"):
        m.decode(m.encode(message))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (["prepare-image", "wasm", D, [], D[1:]], "32 bytes"),
        (["run-chunk", D, D, D, [1], [b"", b"x"], 1, 2, 3, False, []], "as many seeds as inputs"),
        (["run-chunk", D, D, D, [1], [b"x"], 1, 2, 3, False, [[], []]], "as many lists of blobs"),
        (["hello", 1], "array"),
        (["hullo", 1], "hullo"),
        (["ask-close", 1, 2, 3], "array"),
    ],
)
def test_fields_that_do_not_fit_together_are_malformed(fields: list[object], complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        m.decode(msgspec.msgpack.encode(fields))


def test_a_refusal_moves_no_cursor_and_forges_no_line() -> None:
    """A provider's words are shown on the renter's terminal and written to its logs."""
    hostile = ["sorry", "\x1b[2J", "no\nINFO surge: paid\x1b]0;x\x07\x9b31m\u202e", None]
    refusal = m.decode(msgspec.msgpack.encode(hostile))
    assert refusal == m.Sorry("�[2J", "no�INFO surge: paid�]0;x��31m�")


def test_a_chunk_may_name_the_same_blobs_in_each_task() -> None:
    named = [NAMES[0]] * 17
    message = m.RunChunk(D, D, D, [1] * 17, [b""] * 17, 1, 2, 3, False, named)
    assert m.decode(m.encode(message)) == message
    most = m.RunChunk(D, D, D, [1] * 16, [b""] * 16, 1, 2, 3, False, NAMES[:16])
    assert m.decode(m.encode(most)) == most


def test_a_chunk_names_no_more_blobs_than_the_event_loop_looks_up_at_once() -> None:
    wire = msgspec.msgpack.encode(
        ["run-chunk", D, D, D, [1] * 17, [b""] * 17, 1, 2, 3, False, [NAMES[0]] * 16 + [NAMES[16]]]
    )
    assert isinstance(m.decode(wire), m.RunChunk)
    with pytest.raises(Malformed, match="no more than 4096 blobs"):
        m.decode(msgspec.msgpack.encode(["run-chunk", *msgspec.msgpack.decode(wire)[1:-1], NAMES]))
