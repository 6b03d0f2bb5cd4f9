"""Who may act for an account: given with care, taken back at once."""

from types import SimpleNamespace

import pytest

from surge.desk.trade.authority import Authority
from surge.model.errors import BadInput
from surge.model.signature import checksum
from surge.model.units import NOBODY

ME, CREDIT, BATCH, LEVERAGE, STRANGER = (checksum(bytes([n]) * 20) for n in range(1, 6))
ADDRESSES = {"Credit": CREDIT, "Batch": BATCH, "Leverage": LEVERAGE}


def authority(allowed=()):
    return Authority(
        SimpleNamespace(
            address=ME, book=SimpleNamespace(addresses=ADDRESSES), simulate=lambda *_: 46_000,
            rpc=SimpleNamespace(call=lambda _name, at, _block: "0x" if at == STRANGER else "0x60"),
            read=lambda _contract, _view, _owner, actor: actor in allowed,
            credit=SimpleNamespace(book=object(), authorising=lambda actor, yes: (actor, yes)),
        )
    )  # fmt: skip


def test_a_stranger_is_no_contract_and_has_no_name():
    after = authority().authorize.preview(STRANGER).after
    assert (after.known, after.contract, after.allowed) == ("", False, True)


def test_a_contract_of_the_network_has_its_name():
    after = authority().authorize.preview(LEVERAGE).after
    assert (after.known, after.contract) == ("Leverage", True)


@pytest.mark.parametrize("actor", [CREDIT, BATCH])
def test_what_anybody_can_steer_gets_none(actor):
    with pytest.raises(BadInput, match="does what anybody tells it"):
        authority().authorize.preview(actor)


@pytest.mark.parametrize(("actor", "said"), [(NOBODY, "is nobody"), (ME, "is yourself")])
def test_nobody_and_oneself_need_none(actor, said):
    with pytest.raises(BadInput, match=said):
        authority().authorize.preview(actor)


def test_what_is_so_already_is_not_sent():
    with pytest.raises(BadInput, match="already"):
        authority([STRANGER]).authorize.preview(STRANGER)
    with pytest.raises(BadInput, match="nothing to take back"):
        authority().revoke.preview(STRANGER)
    assert authority([BATCH]).revoke.preview(BATCH).after.allowed is False
