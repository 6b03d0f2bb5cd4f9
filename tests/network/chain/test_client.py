"""`Chain` against the real contracts on a real node."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from coincurve import PrivateKey

from chain_network import DEMAND, consent, raise_network, voucher
from surge.chain.calls.leases import Ending, LeaseState
from surge.chain.client import Chain
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import Call
from surge.model.errors import BadInput, Reverted, Underfunded
from surge.model.units import parse_usd

ESCROW = parse_usd("1")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = raise_network(tmp_path_factory.mktemp("network"))
    yield network
    network.close()


@pytest.fixture
def provider(network):
    provider = network.provider()
    yield provider
    provider.asks.withdraw()


@pytest.fixture
def renter(network):
    return network.account(usd=parse_usd("100"))


def open_one(renter, *providers, demand=DEMAND):
    return renter.leases.open(demand, ESCROW, [p.address for p in providers])


# Offers


def test_offers_are_what_providers_published(network, provider, renter):
    offer = next(o for o in renter.asks.offers() if o.provider == provider.address)
    assert offer.ask == renter.asks.of(provider.address)
    assert (offer.ask.slots, offer.ask.price_gfuel, offer.ticket) == (4, 100, "ticket at 100")
    provider.asks.publish(replace(offer.ask, price_gfuel=90), "a newer ticket")
    offer = next(o for o in renter.asks.offers() if o.provider == provider.address)
    assert (offer.ask.price_gfuel, offer.ticket) == (90, "a newer ticket")
    assert renter.asks.stake_of(provider.address) == 4 * network.book.parameters.stake_per_slot
    assert renter.asks.payee_of(provider.address) == provider.address
    provider.asks.set_payee(renter.address)
    assert renter.asks.payee_of(provider.address) == renter.address


def test_a_withdrawn_ask_is_no_offer(network, renter):
    provider = network.provider()
    assert provider.address in {offer.provider for offer in renter.asks.offers()}
    provider.asks.withdraw()
    assert provider.address not in {offer.provider for offer in renter.asks.offers()}
    stake = provider.asks.stake_of(provider.address)
    provider.asks.unbond(stake)
    with pytest.raises(Reverted, match="still unbonding"):
        provider.asks.claim_unbonded()


# Leases


def test_a_lease_from_opening_to_closing(network, provider, renter):
    """M1, M2: what left the renter is what arrived elsewhere, to the last millionth."""
    before = renter.money.usd(renter.address)
    lease, sent = open_one(renter, provider)
    reservation = renter.leases.reservation(DEMAND)
    assert lease.transaction == sent.hash
    assert (lease.terms.renter, lease.terms.provider) == (renter.address, provider.address)
    assert (lease.terms.escrow, lease.reservation) == (ESCROW, reservation)
    assert lease.terms.expiry == pytest.approx(renter.now() + DEMAND.duration, abs=30)
    assert before - renter.money.usd(renter.address) == ESCROW + reservation
    assert renter.asks.of(provider.address).load == 1
    assert renter.leases.find(lease.id) == lease

    paid = provider.money.usd(provider.address)
    first = provider.leases.settle(lease, *voucher(renter, lease, 1, 10_000))
    assert provider.money.usd(provider.address) - paid == 9_500  # 5% fee
    state = renter.leases.state(lease.id)
    assert (state.open, state.sequence, state.settled) == (True, 1, 10_000)

    grown, _ = renter.leases.top_up(lease, 500_000)
    assert grown.terms.escrow == ESCROW + 500_000
    assert renter.leases.find(lease.id) == grown
    assert renter.leases.closing(lease.id) is None

    last, signature = voucher(renter, grown, 2, 30_000)
    renter.leases.close(grown, last, signature, consent(provider, grown, 2, 30_000))
    assert not renter.leases.state(lease.id).open
    closing = renter.leases.closing(lease.id)
    assert (closing.paid, closing.refund) == (30_000, ESCROW + 500_000 - 30_000)
    assert before - renter.money.usd(renter.address) == 30_000 + reservation
    assert renter.asks.of(provider.address).load == 0
    settlements = renter.leases.settlements(lease.id)
    assert [(s.sequence, s.amount, s.fee) for s in settlements] == [(1, 10_000, 500), (2, 30_000, 1_000)]
    assert settlements[0].transaction == first.hash
    assert settlements[1].root == last.root
    assert provider.leases.settlements(provider=provider.address)[-2:] == settlements


def test_a_provider_closes_alone_and_owes_the_rest(provider, renter):
    lease, _ = open_one(renter, provider)
    before = renter.money.usd(renter.address)
    provider.leases.close(lease, None)
    assert renter.money.usd(renter.address) == before + ESCROW
    with pytest.raises(Reverted, match="no such lease"):
        provider.leases.close(lease, None)


def test_several_leases_in_one_transaction(network, renter):
    providers = [network.provider(price=100 + n) for n in range(3)]
    leases, sent = renter.leases.open_many(DEMAND, ESCROW, [p.address for p in providers], 4)
    assert len({lease.id for lease in leases}) == 4
    assert {lease.transaction for lease in leases} == {sent.hash}
    assert renter.leases.all(renter=renter.address) == leases
    grown, _ = renter.leases.top_up(leases[1], 7)
    assert renter.leases.all(renter=renter.address) == [leases[0], grown, *leases[2:]]
    by_address = {p.address: p for p in providers}
    counted = [len(renter.leases.all(provider=address)) for address in by_address]
    assert sum(counted) == 4
    settled = renter.leases.settle_all(
        [(lease, *voucher(renter, lease, 1, 5_000)) for lease in (leases[0], *leases[2:])]
    )
    assert [renter.leases.state(lease.id).settled for lease in (leases[0], *leases[2:])] == [5_000] * 3
    assert len({each.hash for each in settled}) == 3
    for p in providers:
        p.asks.withdraw()
    for wrong in (0, 33):
        with pytest.raises(BadInput, match="1 to 32"):
            renter.leases.open_many(DEMAND, ESCROW, [], wrong)


def test_several_are_settled_and_closed_in_one_transaction(network, renter):
    """M1: payments and the refund are those of single calls; what has ended is passed over."""
    providers = [network.provider(price=100 + n) for n in range(2)]
    keys = {p.address: p for p in providers}
    leases, _ = renter.leases.open_many(DEMAND, ESCROW, [*keys], 4)
    renter.leases.settle_many([(lease, *voucher(renter, lease, 1, 5_000)) for lease in leases])
    assert [renter.leases.state(lease.id) for lease in leases] == [LeaseState(True, 1, 5_000)] * 4
    before = renter.money.usd(renter.address)
    endings = [
        Ending(lease, *voucher(renter, lease, 2, 9_000), consent(keys[lease.terms.provider], lease, 2, 9_000))
        for lease in leases[:2]
    ]
    endings += [
        Ending(lease, None, provider_signature=consent(keys[lease.terms.provider], lease, 1, 5_000))
        for lease in leases[2:]
    ]
    sent = renter.leases.close_many([*endings, endings[0]])
    closings = [renter.leases.closing(lease.id) for lease in leases]
    assert [closing.paid for closing in closings] == [9_000, 9_000, 5_000, 5_000]
    assert {closing.transaction for closing in closings} == {sent.hash}
    assert renter.money.usd(renter.address) == before + 4 * ESCROW - 28_000
    assert [renter.asks.of(address).load for address in keys] == [0, 0]
    renter.leases.close_many(endings)  # all are over
    one, _ = open_one(renter, *providers)
    with pytest.raises(Reverted, match="not the provider's consent"):
        renter.leases.close_many([Ending(one, None)])
    keys[one.terms.provider].leases.close_many([Ending(one, None)])
    for wrong in ([], endings * 9):
        with pytest.raises(BadInput, match="1 to 32"):
            renter.leases.close_many(wrong)
    with pytest.raises(BadInput, match="1 to 32"):
        renter.leases.settle_many([])
    with pytest.raises(BadInput, match="65 bytes"):
        renter.leases.settle_many([(one, endings[0].voucher, b"")])
    for p in providers:
        p.asks.withdraw()


def test_reclaim_after_expiry_and_grace(network, provider, renter):
    lease, _ = open_one(renter, provider, demand=replace(DEMAND, duration=60))
    with pytest.raises(Reverted, match="grace not over"):
        renter.leases.reclaim(lease)
    network.pass_time(60 + network.book.parameters.grace_seconds + 1)
    before = renter.money.usd(renter.address)
    provider.leases.reclaim(lease)  # anybody may
    assert renter.money.usd(renter.address) == before + ESCROW


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda v, s: (v, s[:64] + bytes([s[64] ^ 7])), "not the renter's signature"),
        (lambda v, s: (replace(v, amount=v.amount + 1), s), "not the renter's signature"),
        (lambda v, s: (replace(v, root=bytes(32)), s), "not the renter's signature"),
        (lambda v, s: (replace(v, sequence=0), s), "not the renter's signature"),
        (lambda v, s: (replace(v, amount=0), s), "amount not grown"),
        (lambda v, s: (replace(v, amount=ESCROW + 1), s), "more than the escrow"),
    ],
)
def test_a_wrong_voucher_is_refused_with_the_contracts_words(network, renter, provider, spoil, reason):
    lease, _ = open_one(renter, provider)
    with pytest.raises(Reverted, match=reason):
        provider.leases.settle(lease, *spoil(*voucher(renter, lease, 1, 1_000)))
    with pytest.raises(BadInput, match="65 bytes"):
        provider.leases.settle(lease, voucher(renter, lease, 1, 1_000)[0], b"")
    assert renter.leases.state(lease.id).settled == 0
    provider.leases.close(lease, None)


def test_a_voucher_of_another_lease_or_chain_is_refused(network, renter, provider):
    one, _ = open_one(renter, provider)
    two, _ = open_one(renter, provider)
    signed, signature = voucher(renter, one, 1, 1_000)
    with pytest.raises(Reverted, match="not the renter's signature"):
        provider.leases.settle(two, signed, signature)
    elsewhere = Chain(replace(network.book, chain_id=1), renter.key)
    with pytest.raises(Reverted, match="not the renter's signature"):
        provider.leases.settle(one, *voucher(elsewhere, one, 1, 1_000))
    elsewhere.disconnect()
    for lease in (one, two):
        provider.leases.close(lease, None)


def test_a_price_cap_below_every_ask_costs_nothing(renter, provider):
    before = renter.money.usd(renter.address)
    with pytest.raises(Reverted, match=r"no eligible provider.*surge asks"):
        open_one(renter, provider, demand=replace(DEMAND, cap_gfuel=1))
    assert renter.money.usd(renter.address) == before


def test_there_is_no_such_lease(renter):
    with pytest.raises(BadInput, match="lease 999999"):
        renter.leases.find(999_999)


# Money and accounts


def test_money_moves(network, renter):
    other = network.account()
    renter.money.send_usd(other.address, parse_usd("1.5"))
    network.treasury.money.send_surge(other.address, 5)
    renter.money.send_coins(other.address, 7)
    balances = renter.money.balances(other.address)
    assert (balances.usd, balances.surge, balances.gas) == (1_500_000, 5, 10 * 10**18 + 7)


def test_too_little_money_is_said_before_anything_is_sent(network, provider):
    poor = network.account()
    with pytest.raises(Underfunded, match=rf"{poor.address} has 0 dollars and needs 1\.0009"):
        open_one(poor, provider)
    with pytest.raises(Underfunded, match="SURGE"):
        poor.asks.stake(1)
    with pytest.raises(Underfunded, match="dollars"):
        poor.money.send_usd(provider.address, 1)
    assert network.rpc.call("eth_getTransactionCount", poor.address, "latest") == "0x0"


def test_no_coins_for_gas(network):
    broke = Chain(network.book, PrivateKey())
    with pytest.raises(Underfunded, match=f"{broke.address}.*gas"):
        broke.money.faucet(1)
    broke.disconnect()


def test_without_a_key_it_only_reads(network, provider):
    with Chain(network.book) as reader:
        assert reader.asks.offers()
        for act in (
            lambda: reader.address,
            lambda: reader.money.faucet(1),
            lambda: reader.money.send_coins(provider.address, 1),
        ):
            with pytest.raises(BadInput, match="surge wallet"):
                act()


def test_nothing_shows_the_key(network, renter):
    secret = renter.key.secret.hex()
    assert secret not in repr(renter) + repr(renter._sender) + repr(renter.__dict__)


# Sending


def test_many_threads_share_one_account(network):
    chain = network.account()
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: chain.money.faucet(3), range(40)))
    assert len({each.hash for each in sent}) == 40
    assert chain.money.usd(chain.address) == 120


def test_two_programs_share_one_account(network):
    """Each counts nonces for itself; a lost race is retried, and nothing is sent twice."""
    key = PrivateKey()
    one, two = network.account(key=key), network.account(key=key)
    gate = threading.Barrier(2)

    def draw(chain):
        for _ in range(15):
            gate.wait(20)
            chain.money.faucet(1)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(draw, chain) for chain in (one, two)]:
            done.result(60)
    assert one.money.usd(one.address) == 30
    assert network.rpc.call("eth_getTransactionCount", one.address, "latest") == hex(30)


def test_a_lost_answer_is_not_sent_twice(network, monkeypatch):
    """The node takes the transaction, and its answer is lost: the repeated request is refused as known."""
    chain = network.account()
    real = Rpc.batch

    def deaf(self, calls):
        answers = real(self, calls)
        if calls[0][0] == "eth_sendRawTransaction":
            monkeypatch.setattr(Rpc, "batch", real)
            return [RpcError(-32003, "nonce too low") for _ in answers]
        return answers

    monkeypatch.setattr(Rpc, "batch", deaf)
    chain.money.faucet(5)
    assert chain.money.usd(chain.address) == 5
    assert network.rpc.call("eth_getTransactionCount", chain.address, "latest") == "0x1"


def test_a_transaction_that_fails_when_mined_says_why(network):
    """The estimate passed, then the world changed: gas is lost, the reason is not."""
    chain = network.account()
    call = chain.call("taking too much", "Dollar", "faucet", 10**15)
    with pytest.raises(
        Reverted, match=r"taking too much \(transaction 0x[0-9a-f]{64}\).*faucet gives at most"
    ):
        chain._sender.send_all([call], gas=100_000)
    starved = chain.call("taking some", "Dollar", "faucet", 1)
    with pytest.raises(Reverted, match="gas ran out"):
        chain._sender.send_all([starved], gas=30_000)
    chain.money.faucet(1)
    assert chain.money.usd(chain.address) == 1


def test_a_refused_transaction_leaves_no_gap(network):
    chain = network.account()
    most = chain.money.coins(chain.address)
    calls = [
        Call(f"gift {n}", network.treasury.address, "0x", amount)
        for n, amount in ((1, 1), (2, 2 * most), (3, 1))
    ]
    with pytest.raises(Underfunded, match="gift 2"):
        chain._sender.send_all(calls, gas=21_000)
    chain.money.faucet(1)
    chain.money.faucet(1)
    assert chain.money.usd(chain.address) == 2
