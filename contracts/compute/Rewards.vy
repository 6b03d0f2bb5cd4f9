# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Rewards
@license AGPL-3.0-only
@notice Sells the Market's fees for SURGE, burns it, and mints less than that to those who earned the fees.

        fees of an epoch -> pot -> Dutch auction -> SURGE burned -> mintable < burned -> claims by fee share

        An epoch is what the Market collects between two sweeps. `start_auction` sweeps, at most once in
        `epoch_seconds`; an epoch with no pot worth selling just goes on. One auction runs at a time; its
        price falls to a reserve of half the last clearing price, stays there for `hold_seconds`, and then
        halves in each further `hold_seconds` until somebody buys. So a bidder without rivals can wait, but
        no faster than that; who values the pot more comes first; and no pot is stuck.

        R1: minted for an epoch <= kappa * burned for its pot, kappa < 1, shared by fees paid.
        R2: minted for an epoch <= the schedule of the period it was swept in.

        A share is fees / pot, and the pot holds reservation fees too, which are attributed to nobody: that
        part of the mint never exists. So a reward is at most kappa times its own fee's part of the burn,
        and paying oneself loses at any price of SURGE and with any number of identities, without an oracle.
        Reputation is credited with that part of the burn: it costs what is gone, not what was turned over.
@dev Twin: src/surge/settle/rewards.py. Dollars are millionths, SURGE is wei, prices are wei of SURGE per dollar.
"""

from ethereum.ercs import IERC20

interface Surge:
    def mint(owner: address, amount: uint256): nonpayable
    def burn_from(owner: address, amount: uint256): nonpayable

interface Market:
    # Number of the epoch that payments count for now; each sweep ends one and begins the next.
    def epoch() -> uint256: view
    # Settlement fees of a provider's leases in an epoch, and of all providers. Reservations are in neither.
    def fees_of(epoch: uint256, provider: address) -> uint256: view
    def fees_in(epoch: uint256) -> uint256: view
    # Sends all unswept fees, reservations included, to Rewards; returns how much.
    def sweep() -> uint256: nonpayable

interface Registry:
    def payee_of(provider: address) -> address: view
    def credit_reputation(provider: address, burned: uint256): nonpayable

event AuctionStarted:
    epoch: indexed(uint256)
    pot: uint256
    start_price: uint256
    mint_cap: uint256

event AuctionSettled:
    epoch: indexed(uint256)
    bidder: indexed(address)
    pot: uint256
    burned: uint256
    mintable: uint256

event RewardClaimed:
    provider: indexed(address)
    epoch: indexed(uint256)
    payee: address
    fees: uint256
    amount: uint256

# The running auction; `pot` is 0 when there is none.
struct Auction:
    epoch: uint256
    pot: uint256
    shared: uint256  # what fees are divided by: the pot
    started: uint256
    start_price: uint256
    mint_cap: uint256

# A sold epoch. `minted` <= `mintable`, whatever the Market says later.
struct Sale:
    shared: uint256
    burned: uint256
    mintable: uint256
    minted: uint256

BPS: constant(uint256) = 10_000
DOLLAR_UNIT: constant(uint256) = 10**6

TOKEN: public(immutable(address))
DOLLAR: public(immutable(address))
MARKET: public(immutable(address))
REGISTRY: public(immutable(address))
EPOCH_SECONDS: public(immutable(uint256))
GENESIS: public(immutable(uint256))
FIRST_EPOCH_MINT: public(immutable(uint256))
HALVING_EPOCHS: public(immutable(uint256))
KAPPA_BPS: public(immutable(uint256))
START_PRICE: public(immutable(uint256))
START_MULTIPLE: public(immutable(uint256))
FLOOR_PRICE: public(immutable(uint256))
STEP_SECONDS: public(immutable(uint256))
HOLD_SECONDS: public(immutable(uint256))
MIN_POT: public(immutable(uint256))

auction: public(Auction)
sale: public(HashMap[uint256, Sale])
claimed: public(HashMap[uint256, HashMap[address, bool]])
# Periods of `epoch_seconds` since genesis that had ended when the last auction started.
last_period: public(uint256)
# Of the last sale, wei of SURGE per dollar; 0 before the first.
clearing_price: public(uint256)


@deploy
def __init__(
    token: address,
    dollar: address,
    market: address,
    registry: address,
    epoch_seconds: uint256,
    genesis: uint256,
    first_epoch_mint: uint256,
    halving_epochs: uint256,
    kappa_bps: uint256,
    start_price: uint256,
    start_multiple: uint256,
    floor_price: uint256,
    step_seconds: uint256,
    hold_seconds: uint256,
    min_pot: uint256,
):
    """
    @param epoch_seconds Least time between two auctions; also the schedule's period.
    @param genesis Chain seconds, not ahead of now, from which periods are counted.
    @param first_epoch_mint Most wei of SURGE for a period before the first halving.
    @param halving_epochs Periods from one halving to the next.
    @param kappa_bps Most that is minted per burned, in ten thousandths, below 10,000.
    @param start_price Where the first auction starts, and the least where any does (wei of SURGE per dollar).
    @param start_multiple Later auctions start at this many times the last clearing price. So the first one's
           reserve is that of a last clearing price of the start price over this.
    @param floor_price Where the price stops falling. Choose it far below any value: a pot that nobody
           wants at the floor holds up the next auction until somebody does.
    @param step_seconds The price halves in each step down to the reserve, linearly inside.
    @param hold_seconds How long it stays at the reserve; then it halves in each further hold. Choose an epoch.
    @param min_pot Least pot that is sold, in millionths of a dollar.
    """
    assert kappa_bps < BPS, "Rewards: kappa must be below one"
    assert genesis <= block.timestamp, "Rewards: genesis lies ahead"
    assert epoch_seconds > 0 and halving_epochs > 0, "Rewards: a period is zero"
    assert step_seconds > 0 and hold_seconds > 0, "Rewards: a period is zero"
    assert floor_price > 0 and floor_price <= start_price, "Rewards: the floor must lie between zero and the start"
    assert start_multiple > 1, "Rewards: the start multiple must be above one"
    assert min_pot > 0, "Rewards: the least pot is zero"
    TOKEN = token
    DOLLAR = dollar
    MARKET = market
    REGISTRY = registry
    EPOCH_SECONDS = epoch_seconds
    GENESIS = genesis
    FIRST_EPOCH_MINT = first_epoch_mint
    HALVING_EPOCHS = halving_epochs
    KAPPA_BPS = kappa_bps
    START_PRICE = start_price
    START_MULTIPLE = start_multiple
    FLOOR_PRICE = floor_price
    STEP_SECONDS = step_seconds
    HOLD_SECONDS = hold_seconds
    MIN_POT = min_pot


@external
def start_auction() -> uint256:
    """
    @notice Sweep the Market's fees and offer them. Anyone, once a period, when the last pot is sold.
            It reverts when the pot is too small, and the epoch then goes on in the Market.
    @return The epoch that is sold.
    """
    period: uint256 = (block.timestamp - GENESIS) // EPOCH_SECONDS
    assert period > self.last_period, "Rewards: the epoch is not over"
    assert self.auction.pot == 0, "Rewards: an auction is running"

    epoch: uint256 = staticcall Market(MARKET).epoch()
    pot: uint256 = extcall Market(MARKET).sweep()
    assert pot >= MIN_POT, "Rewards: the pot is too small"

    start_price: uint256 = max(START_PRICE, self.clearing_price * START_MULTIPLE)
    mint_cap: uint256 = self._schedule(period - 1)
    self.last_period = period
    self.auction = Auction(
        epoch=epoch,
        pot=pot,
        shared=max(pot, staticcall Market(MARKET).fees_in(epoch)),
        started=block.timestamp,
        start_price=start_price,
        mint_cap=mint_cap,
    )
    log AuctionStarted(epoch=epoch, pot=pot, start_price=start_price, mint_cap=mint_cap)
    return epoch


@external
def bid(epoch: uint256, max_surge: uint256) -> uint256:
    """
    @notice Buy the pot of `epoch` at the price of now: burns the caller's SURGE (it needs an allowance),
            hands over the pot. The first bid wins.
    @param max_surge The most that the caller gives, in wei of SURGE.
    @return What was burned; never zero.
    """
    auction: Auction = self.auction
    assert auction.pot > 0 and auction.epoch == epoch, "Rewards: no auction for this epoch"
    price: uint256 = self._price(auction)
    burned: uint256 = self._cost_up(price, auction.pot)
    assert burned <= max_surge, "Rewards: the price is above max_surge"

    mintable: uint256 = min(auction.mint_cap, burned * KAPPA_BPS // BPS)
    self.auction = empty(Auction)
    self.clearing_price = price
    self.sale[epoch] = Sale(shared=auction.shared, burned=burned, mintable=mintable, minted=0)
    log AuctionSettled(epoch=epoch, bidder=msg.sender, pot=auction.pot, burned=burned, mintable=mintable)

    extcall Surge(TOKEN).burn_from(msg.sender, burned)
    assert extcall IERC20(DOLLAR).transfer(msg.sender, auction.pot, default_return_value=True), "Rewards: pot not paid"
    return burned


@external
def claim(provider: address, epoch: uint256) -> uint256:
    """
    @notice Mint a provider's share of a sold epoch, once, to its payee, and credit its reputation with
            its share of what was burned. Anyone may send it.
    @return Wei of SURGE; zero when the share is less than one, or the schedule has run out.
    """
    sale: Sale = self.sale[epoch]
    assert sale.burned > 0, "Rewards: the epoch is not sold"
    assert not self.claimed[epoch][provider], "Rewards: claimed already"
    fees: uint256 = staticcall Market(MARKET).fees_of(epoch, provider)
    assert fees > 0, "Rewards: no fees in this epoch"

    amount: uint256 = self._share_down(epoch, fees)
    payee: address = staticcall Registry(REGISTRY).payee_of(provider)
    self.claimed[epoch][provider] = True
    self.sale[epoch].minted += amount
    log RewardClaimed(provider=provider, epoch=epoch, payee=payee, fees=fees, amount=amount)

    extcall Surge(TOKEN).mint(payee, amount)
    extcall Registry(REGISTRY).credit_reputation(provider, sale.burned * fees // sale.shared)
    return amount


@external
@view
def price() -> uint256:
    """
    @notice Wei of SURGE per dollar that the running auction asks now.
    """
    assert self.auction.pot > 0, "Rewards: no auction is running"
    return self._price(self.auction)


@external
@view
def reserve() -> uint256:
    """
    @notice Wei of SURGE per dollar below which the running auction, or else the next one, doesn't fall at first.
    """
    return self._reserve()


@external
@view
def cost() -> uint256:
    """
    @notice Wei of SURGE that a bid would burn now for the whole pot.
    """
    assert self.auction.pot > 0, "Rewards: no auction is running"
    return self._cost_up(self._price(self.auction), self.auction.pot)


@external
@view
def claimable(provider: address, epoch: uint256) -> uint256:
    """
    @notice Wei of SURGE that `claim` would mint; zero when the epoch is unsold or claimed.
    """
    if self.sale[epoch].burned == 0 or self.claimed[epoch][provider]:
        return 0
    return self._share_down(epoch, staticcall Market(MARKET).fees_of(epoch, provider))


@external
@view
def schedule(period: uint256) -> uint256:
    """
    @notice Most wei of SURGE for the period of this number, counted from 0 at genesis.
    """
    return self._schedule(period)


@internal
@view
def _schedule(period: uint256) -> uint256:
    return FIRST_EPOCH_MINT >> (period // HALVING_EPOCHS)


@internal
@view
def _price(auction: Auction) -> uint256:
    elapsed: uint256 = block.timestamp - auction.started
    reserve: uint256 = self._reserve()
    # Whole steps, the last of which reaches the reserve.
    steps: uint256 = 0
    for _: uint256 in range(256):
        if auction.start_price >> steps <= reserve:
            break
        steps += 1
    if elapsed < steps * STEP_SECONDS:
        return max(reserve, self._halved(auction.start_price, elapsed, STEP_SECONDS))
    held: uint256 = elapsed - steps * STEP_SECONDS
    if held < HOLD_SECONDS:
        return reserve
    return max(FLOOR_PRICE, self._halved(reserve, held - HOLD_SECONDS, HOLD_SECONDS))


@internal
@view
def _reserve() -> uint256:
    # The clearing price doesn't change while an auction runs.
    last: uint256 = self.clearing_price
    if last == 0:
        last = START_PRICE // START_MULTIPLE
    return max(FLOOR_PRICE, last // 2)


@internal
@pure
def _halved(high: uint256, elapsed: uint256, step: uint256) -> uint256:
    # Once in each step, linearly inside.
    left: uint256 = high >> (elapsed // step)
    return left - left * (elapsed % step) // (2 * step)


@internal
@pure
def _cost_up(price: uint256, pot: uint256) -> uint256:
    # Both factors are above zero, so the quotient, rounded up, is too.
    return (price * pot + DOLLAR_UNIT - 1) // DOLLAR_UNIT


@internal
@view
def _share_down(epoch: uint256, fees: uint256) -> uint256:
    sale: Sale = self.sale[epoch]
    return min(sale.mintable * fees // sale.shared, sale.mintable - sale.minted)
