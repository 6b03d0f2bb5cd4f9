"""The fee auction and its bidder, on a real chain."""

import sys
import time

import psutil
import pytest

from chain_network import COIN, DEMAND, raise_network, voucher
from surge.chain.anvil.programs import find_program, start_program, stop_program
from surge.chain.wallet import create_wallet
from surge.keeper.bidder import Bidder
from surge.keeper.bidding import Bid, Start, Wait
from surge.keeper.program import run
from surge.model.errors import Reverted
from surge.model.units import parse_surge, parse_usd
from surge.settle.reputation import credit_down, reputation, unit_of

VALUE = parse_usd("0.10")


@pytest.fixture
def network(tmp_path):
    network = raise_network(tmp_path)
    yield network
    network.close()


@pytest.fixture
def provider(network):
    """One that has earned: a lease of nine dollars ended, with 45 cents of fees."""
    provider, renter = network.provider(), network.account(usd=parse_usd("100"))
    lease, _ = renter.leases.open(DEMAND, parse_usd("10"), [provider.address])
    provider.leases.close(lease, *voucher(renter, lease, 1, parse_usd("9")))
    return provider


def test_an_epoch_from_its_fees_to_its_rewards(network, provider):
    """R1: what is minted is less than what was burned."""
    bidder = network.account(surge=parse_surge("1000"))
    pot = bidder.rewards.pot()
    assert pot == parse_usd("0.45") + provider.leases.reservation(DEMAND)
    assert bidder.rewards.fees_of(0, provider.address) == parse_usd("0.45")
    assert isinstance(Bidder(bidder, VALUE).step(), Wait)  # the epoch is not over
    with pytest.raises(Reverted, match="epoch is not over"):
        bidder.rewards.start()
    assert bidder.rewards.auction() is None

    network.pass_time(bidder.rewards.next_auction() - bidder.now())
    assert Bidder(bidder, VALUE).step() == Start()
    auction = bidder.rewards.auction()
    assert (auction.epoch, auction.pot, bidder.rewards.epoch()) == (0, pot, 1)
    assert isinstance(Bidder(bidder, VALUE).step(), Wait)  # 20 SURGE per dollar is too dear
    assert bidder.rewards.price() > parse_surge("10")
    assert provider.rewards.unclaimed(provider.address) == []

    network.pass_time(4 * network.book.parameters.step_seconds)
    assert bidder.rewards.price() <= parse_surge("10")
    before = bidder.money.balances(bidder.address)
    assert isinstance(Bidder(bidder, VALUE).step(), Bid)
    after = bidder.money.balances(bidder.address)
    (sale,) = bidder.rewards.sales()
    assert after.usd - before.usd == pot == sale.pot
    assert before.surge - after.surge == sale.burned
    assert sale.burned * VALUE <= pot * COIN  # never more than the pot is worth to it
    assert sale.mintable <= sale.burned * 8_000 // 10_000

    ((epoch, amount),) = provider.rewards.unclaimed(provider.address)
    assert provider.rewards.claimable(provider.address, epoch) == amount
    assert 0 < amount < sale.mintable
    bidder.rewards.claim(provider.address, epoch)  # anybody may; it goes to the payee
    assert provider.money.surge(provider.address) == amount
    assert provider.rewards.unclaimed(provider.address) == []
    (reward,) = provider.rewards.of(provider.address)
    assert (reward.epoch, reward.amount) == (epoch, amount)
    unit = unit_of(network.book.parameters.stake_per_slot)
    credited = credit_down(sale.burned, parse_usd("0.45"), pot)
    assert provider.asks.of(provider.address).reputation == reputation(credited, unit) > 0


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_bidders_program_survives_the_chain_and_ends_when_told(network, provider, tmp_path):
    wallet = create_wallet(tmp_path / "bidder.json", throwaway=True)
    network.account(surge=parse_surge("1000"), key=wallet.key)
    folder = tmp_path / "run"
    command = [
        sys.executable, "-m", "surge.keeper.program", "bidder", "--book", str(tmp_path / "book.json"),
        "--wallet", str(wallet.path), "--every", "0.1", "--local-chain", str(network.local.folder),
    ]  # fmt: skip
    program = start_program(folder, "bidder", command)
    try:
        wait_for(lambda: "the epoch ends" in program.last_lines(50))
        wait_for(network.local.last_whole_state.exists)
        network.local.stop()
        wait_for(lambda: "the chain is unavailable" in program.last_lines(50))
        network.local.start()
        network.pass_time(network.treasury.rewards.next_auction() - network.treasury.now())
        wait_for(lambda: network.treasury.rewards.auction() is not None)
        network.pass_time(4 * network.book.parameters.step_seconds)
        wait_for(network.treasury.rewards.sales)
        wait_for(lambda: "pot bought" in program.last_lines(50))
        assert wallet.key.secret.hex() not in program.log.read_text()
        running = psutil.Process(find_program(folder, "bidder").pid)
        assert wallet.key.secret.hex() not in " ".join(running.cmdline())
    finally:
        assert stop_program(folder, "bidder")
    assert "ended" in program.last_lines(1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--wallet", "none.json"], 2),
        (["--wallet", "none.json", "--value", "ten"], 2),
        (["--book", "none.json"], 3),
    ],
)
def test_bad_arguments_end_it_with_a_sentence(network, tmp_path, capsys, arguments, code):
    given = {"--book": str(tmp_path / "book.json"), "--wallet": "x.json"} | dict(
        zip(arguments[::2], arguments[1::2], strict=True)
    )
    assert run(["bidder", *(word for pair in given.items() for word in pair)]) == code
    assert ";" in capsys.readouterr().err
