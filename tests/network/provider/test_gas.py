"""What a provider sends takes no more gas than it is weighed with; rewards are weighed, too."""

import pytest

from chain_network import DEMAND, raise_network, voucher
from surge.model.units import parse_surge, parse_usd
from surge.provider.duty.gas import Gas
from surge.provider.duty.outage import Outage
from surge.provider.duty.rewards import Rewards
from surge.settle.gas import CLAIM_GAS, CLOSE_GAS, SETTLE_GAS, Scales

pytestmark = pytest.mark.slow


@pytest.fixture
def network(tmp_path):
    network = raise_network(tmp_path)
    yield network
    network.close()


def test_gas_is_weighed_with_the_most_that_each_takes(network):
    provider, renter = network.provider(), network.account(usd=parse_usd("100"))
    lease, _ = renter.leases.open(DEMAND, parse_usd("10"), [provider.address])
    settled = provider.leases.settle(lease, *voucher(renter, lease, 1, parse_usd("1")))
    closed = provider.leases.close(lease, *voucher(renter, lease, 2, parse_usd("2")))
    assert settled.gas <= SETTLE_GAS
    assert closed.gas <= CLOSE_GAS
    bidder = network.account(surge=parse_surge("1000"))
    network.pass_time(bidder.rewards.next_auction() - bidder.now())
    bidder.rewards.start()
    network.pass_time(8 * network.book.parameters.step_seconds)
    bidder.rewards.bid(bidder.rewards.auction().epoch, parse_surge("1000"))
    ((epoch, amount),) = provider.rewards.unclaimed(provider.address)

    dear = Rewards(provider, Gas(provider, Scales(parse_usd("2000000000"))), Outage(), local=False)
    assert dear.claim() == 0  # gas would take more than a tenth
    cheap = Rewards(provider, Gas(provider, Scales(parse_usd("0.000001"))), Outage(), local=False)
    assert cheap.claim() == amount
    (reward,) = provider.rewards.of(provider.address)
    assert reward.epoch == epoch
    assert provider.gas_of(reward.transaction) <= CLAIM_GAS
