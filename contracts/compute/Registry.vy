# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Registry
@license AGPL-3.0-only
@notice Who offers what, backed by which stake.

        stake -> publish -> (the Market books and releases slots) -> withdraw_ask -> unbond -> claim_unbonded

        S1: a slash takes at most the stake, what is unbonding included; the finder gets at most half.
        S2: the bonded stake covers every offered slot, and every slot in an open lease.
        M4: the load in an ask is the sum of the slots of the provider's open leases.
        M5: of all asks that it looks at, `book` takes one with the lowest cost.
@dev An ask is one word (src/surge/model/ask.py). The provider writes what it offers; load, reputation, active
     and index are the chain's. Active asks stand in lists by class and size, without gaps, so that a draw is one
     read. A size spans a doubling of the slots and is drawn by them: who splits its slots gains next to nothing.
"""

from ethereum.ercs import IERC20
import draw
import score

interface Surge:
    def burn(amount: uint256): nonpayable

interface Market:
    def set_payee(provider: address, payee: address): nonpayable
    def payee_of(provider: address) -> address: view

event AskPublished:
    provider: indexed(address)
    ask: uint256
    ticket: String[1024]

event AskWithdrawn:
    provider: indexed(address)

event Staked:
    provider: indexed(address)
    amount: uint256

event Unbonding:
    provider: indexed(address)
    amount: uint256
    release: uint256

event Unbonded:
    provider: indexed(address)
    amount: uint256

event PayeeSet:
    provider: indexed(address)
    payee: address

event Slashed:
    provider: indexed(address)
    amount: uint256
    to_finder: uint256

event ReputationSet:
    provider: indexed(address)
    reputation: uint256

# `bonded` backs slots; `unbonding` can be taken out at `release`, and slashed until then.
struct Stake:
    bonded: uint96
    unbonding: uint96
    release: uint64

MAX_CANDIDATES: constant(uint256) = 8
MAX_BOOKINGS: constant(uint256) = 32
# More than any cost: of an ask that doesn't fit.
NEVER: constant(uint256) = max_value(uint256)
MAX_PAGE: constant(uint256) = 100
DRAWS: constant(uint256) = 2
# The fields of an ask that its provider writes: all but load, reputation, active and index.
OFFERED: constant(uint256) = (2**208 - 1) ^ ((2**16 - 1) << 80)
ACTIVE: constant(uint256) = 1 << 216
U64: constant(uint256) = 2**64 - 1
U128: constant(uint256) = 2**128 - 1

TOKEN: public(immutable(address))
STAKE_PER_SLOT: public(immutable(uint256))
UNBONDING_SECONDS: public(immutable(uint256))
# Burned SURGE that makes the first step of a reputation: a hundredth of a slot's stake.
REPUTATION_UNIT: public(immutable(uint256))
DEPLOYER: immutable(address)

market: public(address)
rewards: public(address)
arbiter: public(address)

ask_of: public(HashMap[address, uint256])
stakes: public(HashMap[address, Stake])
# Wei of SURGE burned for the fees of a provider's work: what reputation grows from.
burned_for: public(HashMap[address, uint256])

providers: HashMap[uint256, address]
providers_count: public(uint256)
# By list (draw._list_of), then by index; and how many there are of each size, by class.
members: HashMap[uint256, HashMap[uint256, address]]
counts_of: public(HashMap[uint256, uint256])


@deploy
def __init__(token: address, stake_per_slot: uint256, unbonding_seconds: uint256):
    """
    @param stake_per_slot Wei of SURGE that each offered slot needs.
    @param unbonding_seconds At least the longest lease, its grace and a dispute.
    """
    TOKEN = token
    STAKE_PER_SLOT = stake_per_slot
    UNBONDING_SECONDS = unbonding_seconds
    REPUTATION_UNIT = max(stake_per_slot // 100, 1)
    DEPLOYER = msg.sender


@external
def set_market(market: address):
    """
    @notice Once, by the deployer.
    """
    assert msg.sender == DEPLOYER, "Registry: only the deployer"
    assert self.market == empty(address), "Registry: market is set"
    self.market = market


@external
def set_rewards(rewards: address):
    """
    @notice Once, by the deployer.
    """
    assert msg.sender == DEPLOYER, "Registry: only the deployer"
    assert self.rewards == empty(address), "Registry: rewards is set"
    self.rewards = rewards


@external
def set_arbiter(arbiter: address):
    """
    @notice Once, by the deployer. Until then nobody can slash.
    """
    assert msg.sender == DEPLOYER, "Registry: only the deployer"
    assert self.arbiter == empty(address), "Registry: arbiter is set"
    self.arbiter = arbiter


# Stake


@external
def stake(amount: uint256):
    """
    @notice Lock wei of SURGE that the caller has approved.
    """
    self._stake(amount)


@external
def stake_with_permit(amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice As `stake`, with a permit over `amount` instead of an approval.
    @dev A permit that somebody else has used already leaves its allowance: then that is enough.
    """
    permitted: bool = raw_call(
        TOKEN,
        abi_encode(msg.sender, self, amount, deadline, v, r, s, method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")),
        revert_on_failure=False,
    )
    allowed: uint256 = staticcall IERC20(TOKEN).allowance(msg.sender, self)
    assert permitted or allowed >= amount, "Registry: permit refused"
    self._stake(amount)


@internal
def _stake(amount: uint256):
    assert amount > 0, "Registry: nothing to stake"
    held: Stake = self.stakes[msg.sender]
    assert amount <= convert(max_value(uint96) - held.bonded, uint256), "Registry: stake too large"
    held.bonded += convert(amount, uint96)
    self.stakes[msg.sender] = held
    log Staked(provider=msg.sender, amount=amount)
    assert extcall IERC20(TOKEN).transferFrom(msg.sender, self, amount, default_return_value=True), "Registry: stake not paid"


@external
def unbond(amount: uint256):
    """
    @notice Begin to take stake out. What slots in use or on offer need stays (S2). Restarts the waiting time
            of what is unbonding already.
    """
    assert amount > 0, "Registry: nothing to unbond"
    held: Stake = self.stakes[msg.sender]
    bonded: uint256 = convert(held.bonded, uint256)
    assert amount <= bonded, "Registry: not that much stake"
    assert bonded - amount >= self._needed(self.ask_of[msg.sender]), "Registry: the slots need this stake"
    release: uint256 = block.timestamp + UNBONDING_SECONDS
    held.bonded -= convert(amount, uint96)
    held.unbonding += convert(amount, uint96)
    held.release = convert(release, uint64)
    self.stakes[msg.sender] = held
    log Unbonding(provider=msg.sender, amount=amount, release=release)


@external
def claim_unbonded():
    """
    @notice Take out what has waited long enough.
    """
    held: Stake = self.stakes[msg.sender]
    amount: uint256 = convert(held.unbonding, uint256)
    assert amount > 0, "Registry: nothing is unbonding"
    assert block.timestamp >= convert(held.release, uint256), "Registry: still unbonding"
    held.unbonding = 0
    held.release = 0
    self.stakes[msg.sender] = held
    log Unbonded(provider=msg.sender, amount=amount)
    assert extcall IERC20(TOKEN).transfer(msg.sender, amount, default_return_value=True), "Registry: stake not returned"


@external
def slash(provider: address, amount: uint256, finder: address, to_finder: uint256):
    """
    @notice Take stake, bonded first, from a cheat; half of it at most to the finder, the rest is burned (S1).
            An ask that the rest no longer covers is withdrawn, and the reputation is halved.
    """
    assert msg.sender == self.arbiter, "Registry: only the arbiter"
    assert to_finder <= amount // 2, "Registry: the finder gets at most half"
    held: Stake = self.stakes[provider]
    bonded: uint256 = min(amount, convert(held.bonded, uint256))
    assert amount - bonded <= convert(held.unbonding, uint256), "Registry: more than the stake"
    held.bonded -= convert(bonded, uint96)
    held.unbonding -= convert(amount - bonded, uint96)
    self.stakes[provider] = held
    # The root has half the doublings, of those that count.
    units: uint256 = min(self.burned_for[provider] // REPUTATION_UNIT, score.U16)
    self.burned_for[provider] = isqrt(units) * REPUTATION_UNIT
    ask: uint256 = self.ask_of[provider]
    if ask & ACTIVE != 0 and convert(held.bonded, uint256) < self._needed(ask):
        ask = self._deactivate(provider, ask)
    self._set_reputation(provider, ask)
    log Slashed(provider=provider, amount=amount, to_finder=to_finder)
    extcall Surge(TOKEN).burn(amount - to_finder)
    if to_finder > 0:
        assert extcall IERC20(TOKEN).transfer(finder, to_finder, default_return_value=True), "Registry: finder not paid"


@internal
@view
def _needed(ask: uint256) -> uint256:
    """
    @notice Stake for the slots on offer, or (withdrawn) for those still in leases.
    """
    slots: uint256 = ask >> 64 & score.U16
    if ask & ACTIVE == 0:
        slots = ask >> 80 & score.U16
    return slots * STAKE_PER_SLOT


# Asks


@external
def publish(ask: uint256, ticket: String[1024]):
    """
    @notice Offer, or replace the offer. Leases that are open keep the terms that they were opened with.
    @param ask Only the fields that are the provider's to write are taken.
    @param ticket How to reach the provider: endpoint id and addresses.
    """
    old: uint256 = self.ask_of[msg.sender]
    offered: uint256 = ask & OFFERED
    slots: uint256 = offered >> 64 & score.U16
    assert slots > 0, "Registry: no slots offered"
    assert offered & score.U32 > 0, "Registry: no price asked"
    assert slots >= old >> 80 & score.U16, "Registry: fewer slots than are leased"
    bonded: uint256 = convert(self.stakes[msg.sender].bonded, uint256)
    assert bonded >= slots * STAKE_PER_SLOT, "Registry: stake too small"
    assert len(ticket) > 0, "Registry: no ticket"
    if old == 0:
        self.providers[self.providers_count] = msg.sender
        self.providers_count += 1
    kept: uint256 = old & ~OFFERED
    key: uint256 = draw._list_of(offered)
    moves: bool = draw._list_of(old) != key
    if old & ACTIVE != 0 and moves:
        kept = self._deactivate(msg.sender, old) & ~OFFERED
    if kept & ACTIVE == 0:
        kept = self._enlist(msg.sender, key, kept)
    self.ask_of[msg.sender] = offered | kept
    log AskPublished(provider=msg.sender, ask=offered | kept, ticket=ticket)


@external
def withdraw_ask():
    """
    @notice Take no new leases; open ones go on.
    """
    ask: uint256 = self.ask_of[msg.sender]
    assert ask & ACTIVE != 0, "Registry: no active ask"
    self._deactivate(msg.sender, ask)


@internal
def _enlist(provider: address, key: uint256, kept: uint256) -> uint256:
    """
    @notice Append to a list; the chain's fields of the ask, now active and with their index.
    """
    kind: uint256 = key >> draw.SIZE_BITS
    counts: uint256 = self.counts_of[kind]
    at: uint256 = draw._bit_of(key)
    index: uint256 = counts >> at & score.U32
    self.members[key][index] = provider
    self.counts_of[kind] = counts + (1 << at)
    return (kept & (ACTIVE - 1)) | ACTIVE | (index << 224)


@internal
def _deactivate(provider: address, ask: uint256) -> uint256:
    """
    @notice Take the ask out of its list: the last member moves into the gap. The ask as it is now.
    """
    key: uint256 = draw._list_of(ask)
    kind: uint256 = key >> draw.SIZE_BITS
    counts: uint256 = self.counts_of[kind]
    at: uint256 = draw._bit_of(key)
    index: uint256 = ask >> 224
    last: uint256 = (counts >> at & score.U32) - 1
    if index != last:
        moved: address = self.members[key][last]
        self.members[key][index] = moved
        self.ask_of[moved] = (self.ask_of[moved] & (2**224 - 1)) | (index << 224)
    self.members[key][last] = empty(address)
    self.counts_of[kind] = counts - (1 << at)
    inactive: uint256 = ask & (ACTIVE - 1)
    self.ask_of[provider] = inactive
    log AskWithdrawn(provider=provider)
    return inactive


@external
def set_payee(payee: address):
    """
    @notice Who is paid when the caller's leases settle, from the next settlement on.
    @dev The Market keeps it: it reads it with each payment, beside the fees that it writes.
    """
    assert payee != empty(address), "Registry: no payee"
    log PayeeSet(provider=msg.sender, payee=payee)
    extcall Market(self.market).set_payee(msg.sender, payee)


# The Market's part


@external
def book(
    demand: uint256, seed: bytes32, candidates: DynArray[address, MAX_CANDIDATES], count: uint256
) -> DynArray[uint256, MAX_BOOKINGS]:
    """
    @notice `count` times, one after the other: the best of the candidates and of DRAWS draws from the demand's
            class, with its slots booked (M5).
    @param seed Of the first draws; those of each next booking come from its hash.
    @return A word for each: provider (160 bits) | its price per Gfuel (32) | per GiB (32) | whether it was drawn.
    @dev Candidates that don't fit are passed over. A tie goes to the earlier. A drawn ask is never nearer than
         the (upper) median of the fitting candidates, since coordinates are self-reported.
    """
    assert msg.sender == self.market, "Registry: only the market"
    costs: DynArray[uint256, MAX_CANDIDATES] = []
    distances: DynArray[uint256, MAX_CANDIDATES] = []
    for candidate: address in candidates:
        ask: uint256 = self.ask_of[candidate]
        distance: uint256 = score._distance(ask, demand)
        distances.append(distance)
        costs.append(score._cost(ask, demand, distance) if score._fits(ask, demand) else NEVER)
    nearest: uint256 = self._median_up(distances, costs)
    kind: uint256 = score._class_of_demand(demand)
    counts: uint256 = self.counts_of[kind]
    weight: uint256 = 0
    largest: uint256 = 0
    weight, largest = draw._weight(counts)
    counts >>= 32 * (draw.LARGEST - largest)
    draws: bytes32 = seed
    booked: DynArray[uint256, MAX_BOOKINGS] = []
    for i: uint256 in range(count, bound=MAX_BOOKINGS):
        best: address = empty(address)
        best_cost: uint256 = NEVER
        for place: uint256 in range(len(candidates), bound=MAX_CANDIDATES):
            if costs[place] < best_cost:
                best = candidates[place]
                best_cost = costs[place]
        better: address = self._draw(demand, kind, counts, weight, largest, draws, nearest, best_cost)
        drawn: uint256 = 0
        if better != empty(address):
            best = better
            drawn = 1
        assert best != empty(address), "Market: no eligible provider"
        ask: uint256 = self.ask_of[best]
        booked.append(convert(best, uint256) | (ask & U64) << 160 | drawn << 224)
        ask += (demand >> 64 & score.U16) << 80
        self.ask_of[best] = ask
        if i + 1 < count:
            draws = keccak256(draws)
            for place: uint256 in range(len(candidates), bound=MAX_CANDIDATES):
                if candidates[place] == best:
                    costs[place] = NEVER
                    if score._fits(ask, demand):
                        costs[place] = score._cost(ask, demand, distances[place])
                    else:
                        nearest = self._median_up(distances, costs)
    return booked


@internal
@view
def _draw(
    demand: uint256,
    kind: uint256,
    counts: uint256,
    weight: uint256,
    largest: uint256,
    seed: bytes32,
    nearest: uint256,
    limit: uint256,
) -> address:
    """
    @notice The best of DRAWS members of a class, one from each half of the seed and each by its size, none of them
            nearer than `nearest`; nobody if none costs less than `limit`.
    """
    best: address = empty(address)
    if weight == 0:
        return best
    best_cost: uint256 = limit
    left: uint256 = convert(seed, uint256)
    for _: uint256 in range(DRAWS):
        key: uint256 = 0
        index: uint256 = 0
        key, index = draw._drawn(kind, counts, largest, (left & U128) % weight)
        member: address = self.members[key][index]
        left >>= 128
        ask: uint256 = self.ask_of[member]
        if score._fits(ask, demand):
            cost: uint256 = score._cost(ask, demand, max(score._distance(ask, demand), nearest))
            if cost < best_cost:
                best = member
                best_cost = cost
    return best


@internal
@pure
def _median_up(
    values: DynArray[uint256, MAX_CANDIDATES], costs: DynArray[uint256, MAX_CANDIDATES]
) -> uint256:
    """
    @notice The upper median of the values that have a cost; without any, as far as can be.
    @dev The least value that more than `half` of those with a cost don't exceed. A value without a cost is never
         that: if it has so many below it, the greatest of them has, too.
    """
    half: uint256 = 0
    for cost: uint256 in costs:
        if cost < NEVER:
            half += 1
    half //= 2
    median: uint256 = score.FAR
    for i: uint256 in range(len(values), bound=MAX_CANDIDATES):
        if values[i] < median:
            at_most: uint256 = 0
            for j: uint256 in range(len(values), bound=MAX_CANDIDATES):
                if costs[j] < NEVER and values[j] <= values[i]:
                    at_most += 1
            if at_most > half:
                median = values[i]
    return median


@external
def release(provider: address, slots: uint256):
    """
    @notice Give back the slots of a lease that has ended (M4).
    """
    assert msg.sender == self.market, "Registry: only the market"
    self.ask_of[provider] -= slots << 80


@external
def credit_reputation(provider: address, burned: uint256):
    """
    @notice Count wei of SURGE that were burned for the fees of the provider's work.
    """
    assert msg.sender == self.rewards, "Registry: only the rewards"
    self.burned_for[provider] += burned
    self._set_reputation(provider, self.ask_of[provider])


@internal
def _set_reputation(provider: address, ask: uint256):
    """
    @notice 16 for the first unit burned and for each doubling, up to 255: 8 units give 64, 128 give 128, 2,048 give
            192, 32,768 give 255. Twin: src/surge/settle/reputation.py.
    @dev From money that is gone, not from counts: a thousand cheap leases are worth no more than one, and a pot that
         was bought for nothing gives nothing.
    """
    left: uint256 = self.burned_for[provider] // REPUTATION_UNIT
    doublings: uint256 = 0
    for _: uint256 in range(16):
        if left == 0:
            break
        left >>= 1
        doublings += 1
    reputation: uint256 = min(16 * doublings, 255)
    self.ask_of[provider] = (ask & ~(score.U8 << 208)) | (reputation << 208)
    log ReputationSet(provider=provider, reputation=reputation)


# Views


@external
@view
def payee_of(provider: address) -> address:
    """
    @notice The payee, the provider itself by default.
    """
    return staticcall Market(self.market).payee_of(provider)


@external
@view
def stake_of(provider: address) -> uint256:
    """
    @notice The bonded stake, in wei of SURGE.
    """
    return convert(self.stakes[provider].bonded, uint256)


@external
@view
def asks(start: uint256, count: uint256) -> (DynArray[address, MAX_PAGE], DynArray[uint256, MAX_PAGE]):
    """
    @notice Providers and their asks, active or not, in the order in which they first came.
    """
    owners: DynArray[address, MAX_PAGE] = []
    words: DynArray[uint256, MAX_PAGE] = []
    for i: uint256 in range(min(count, MAX_PAGE), bound=MAX_PAGE):
        if start + i >= self.providers_count:
            break
        provider: address = self.providers[start + i]
        owners.append(provider)
        words.append(self.ask_of[provider])
    return owners, words


@external
@view
def member(kind: uint256, size: uint256, index: uint256) -> address:
    """
    @notice Who stands at `index` among the asks of a class that have this size.
    """
    return self.members[(kind << draw.SIZE_BITS) | size][index]
