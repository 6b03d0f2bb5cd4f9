"""The clock of a local chain moved on, on a network that computes and doesn't lend."""

import pytest

from chain_network import DEMAND, consent, voucher
from surge.local.clock import LAST, move_clock
from surge.model.errors import BadInput
from surge.model.units import Seconds, parse_usd

ESCROW = parse_usd("1")


def test_a_leap_tells_the_leases_that_ran_out_and_the_fees_for_sale(network):
    provider, renter = network.provider(), network.account(usd=parse_usd("100"))
    leases, _ = renter.leases.open_many(DEMAND, ESCROW, [provider.address], 3)
    closed, *left = leases
    made, signature = voucher(renter, closed, 1, parse_usd("0.5"))
    ending = consent(provider, closed, 1, parse_usd("0.5"))
    provider.leases.close(closed, made, signature, ending)
    chain = network.treasury
    expiry = closed.terms.expiry
    first = move_clock(chain, Seconds(expiry - chain.now() - 10))
    assert (first.over, first.owed, first.fees) == ([], [], 0)
    second = move_clock(chain, Seconds(60))
    assert second.over == [lease.id for lease in left]
    third = move_clock(chain, Seconds(2 * network.book.parameters.epoch_seconds))
    assert third.over == []
    assert third.fees == chain.rewards.pot() > 0
    assert third.after - third.before == pytest.approx(2 * network.book.parameters.epoch_seconds, abs=30)


def test_no_clock_goes_beyond_what_contracts_can_write(network):
    chain = network.treasury
    before = chain.block_number()
    with pytest.raises(BadInput, match=r"ends with the year 2099; move it by \d+ days at most"):
        move_clock(chain, Seconds(LAST - chain.now() + 60))
    assert chain.block_number() - before <= 1
