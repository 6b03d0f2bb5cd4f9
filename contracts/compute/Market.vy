# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Market
@license AGPL-3.0-only
@notice Leases of computing, paid from escrow by one cumulative voucher each.

        open_lease -> (top_up) -> settle ... -> close | reclaim       (open_leases, settle_many, close_many)

        M1: dollars held = sum over open leases of escrow - settled + the fee of what is settled, + unswept fees.
        M2: the settled amount only grows; nobody is paid more than signed or escrowed.
        M3: after expiry and grace the renter gets back what no voucher claims, and nobody can take earned
            work back before: an earlier end needs the provider.
        M4: each open lease holds its slots in the Registry until it ends.
        M5: the provider scores at least as well as every candidate and draw (Registry.book).
@dev A lease is one word: 192 bits of the hash of its terms | 24 of its last voucher's sequence | 40 of the
     settled amount; 0 when there is none. The terms live in events and come back as calldata. State is
     complete before any token moves, so a token that calls back finds nothing half done.
     The amount alone decides between vouchers. A sequence is the renter's to choose, as is any amount: were a
     greater sequence enough, a late voucher over less would void the one over what was earned.
     A renter signs with a key: a contract can hold a lease, but pays nobody and gets its escrow back late.
"""

from ethereum.ercs import IERC20

import lease as market_lease
import signature as market_signature

interface Registry:
    def book(
        demand: uint256, seed: bytes32, candidates: DynArray[address, 8], count: uint256
    ) -> DynArray[uint256, 32]: nonpayable
    def release(provider: address, slots: uint256): nonpayable
    def UNBONDING_SECONDS() -> uint256: view

event Swept:
    epoch: indexed(uint256)
    pot: uint256

MAX_CANDIDATES: constant(uint256) = 8
MAX_LEASES: constant(uint256) = 32
# A shorter lease pays for so many seconds of its slots: else squatting them in short ones costs next to nothing.
LEAST_RESERVED: constant(uint256) = 600
BPS: constant(uint256) = 10_000
U16: constant(uint256) = 2**16 - 1
U32: constant(uint256) = 2**32 - 1
U40: constant(uint256) = 2**40 - 1
U64: constant(uint256) = 2**64 - 1
U88: constant(uint256) = 2**88 - 1
EPOCH: constant(uint256) = 40
EPOCH_FEES: constant(uint256) = 72
UNSWEPT: constant(uint256) = 160
U160: constant(uint256) = 2**160 - 1
LAST_EPOCH: constant(uint256) = 160
FEES: constant(uint256) = 192

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
VOUCHER_TYPE: constant(bytes32) = keccak256("Voucher(uint256 lease,uint256 sequence,uint256 amount,bytes32 root)")
CLOSE_TYPE: constant(bytes32) = keccak256("Close(uint256 lease,uint256 sequence,uint256 amount)")

DOLLAR: public(immutable(address))
REGISTRY: public(immutable(address))
FEE_BPS: public(immutable(uint256))
RESERVATION_PRICE: public(immutable(uint256))
GRACE_SECONDS: public(immutable(uint256))
MAX_LEASE_SECONDS: public(immutable(uint256))
DEPLOYER: immutable(address)
CHAIN_ID: immutable(uint256)
SEPARATOR: immutable(bytes32)

rewards: public(address)
leases: public(HashMap[uint256, uint256])
# One word: leases opened (40 bits) | epoch (32) | fees of leases that ended in it (88) | unswept fees (96).
# A payment adds less than 2**40 and the constructor bounds a reservation, so no part can reach the next.
books: uint256
fees_of_ended: HashMap[uint256, uint256]
# By provider, what each of its payments needs: payee (160 bits, 0 for itself) | epoch of its last one (32) |
# its fees in that epoch (64). Those of earlier epochs move to `earlier_fees`.
accounts: HashMap[address, uint256]
earlier_fees: HashMap[uint256, HashMap[address, uint256]]


@deploy
def __init__(
    dollar: address,
    registry: address,
    fee_bps: uint256,
    reservation_price: uint256,
    grace_seconds: uint256,
    max_lease_seconds: uint256,
):
    """
    @param fee_bps Of each payment, in ten thousandths.
    @param reservation_price Millionths of a dollar per slot-second, so that nobody fills rivals for nothing.
    """
    assert fee_bps <= BPS, "Market: fee above all"
    assert reservation_price <= U32, "Market: reservation price too large"
    unbonding: uint256 = staticcall Registry(registry).UNBONDING_SECONDS()
    assert unbonding > max_lease_seconds + grace_seconds, "Market: stake is free before a lease is over"
    DOLLAR = dollar
    REGISTRY = registry
    FEE_BPS = fee_bps
    RESERVATION_PRICE = reservation_price
    GRACE_SECONDS = grace_seconds
    MAX_LEASE_SECONDS = max_lease_seconds
    DEPLOYER = msg.sender
    CHAIN_ID = chain.id
    SEPARATOR = self._build_separator()


@external
def set_rewards(rewards: address):
    """
    @notice Once, by the deployer.
    """
    assert msg.sender == DEPLOYER, "Market: only the deployer"
    assert self.rewards == empty(address), "Market: rewards is set"
    self.rewards = rewards


# Leases


@external
def open_lease(demand: uint256, escrow: uint64, candidates: DynArray[address, MAX_CANDIDATES]) -> uint256:
    """
    @notice Lease slots of the best of the candidates and of the chain's own draws.
    @param demand One word (src/surge/model/demand.py).
    @param escrow Millionths of a dollar; taken from the caller together with the reservation.
    @return The lease's id.
    """
    return self._open(demand, escrow, candidates, 1)


@external
def open_leases(
    demand: uint256, escrow: uint64, candidates: DynArray[address, MAX_CANDIDATES], count: uint256
) -> DynArray[uint256, MAX_LEASES]:
    """
    @notice `count` leases with the same demand and escrow each, chosen one after the other.
    """
    assert count > 0 and count <= MAX_LEASES, "Market: 1 to 32 leases at once"
    first: uint256 = self._open(demand, escrow, candidates, count)
    opened: DynArray[uint256, MAX_LEASES] = []
    for i: uint256 in range(count, bound=MAX_LEASES):
        opened.append(first + i)
    return opened


@internal
def _open(
    demand: uint256, escrow: uint64, candidates: DynArray[address, MAX_CANDIDATES], count: uint256
) -> uint256:
    """
    @return The first id; the others follow it.
    """
    reservation: uint256 = self._reservation(demand, escrow)
    books: uint256 = self.books
    first: uint256 = (books & U40) + 1
    self.books = books + count + (count * reservation << UNSWEPT)
    seed: bytes32 = keccak256(abi_encode(blockhash(block.number - 1), msg.sender, first))
    booked: DynArray[uint256, MAX_LEASES] = extcall Registry(REGISTRY).book(demand, seed, candidates, count)
    terms: market_lease.Terms = empty(market_lease.Terms)
    terms.renter = msg.sender
    terms.slots = convert(demand >> 64 & U16, uint16)
    terms.escrow = escrow
    terms.expiry = convert(block.timestamp + (demand >> 80 & U32), uint64)
    lease: uint256 = first
    for booking: uint256 in booked:
        terms.provider = convert(booking & U160, address)
        terms.price_gfuel = convert(booking >> 160 & U32, uint32)
        terms.price_gib = convert(booking >> 192 & U32, uint32)
        self.leases[lease] = market_lease._hash(terms)
        log market_lease.LeaseOpened(
            lease=lease,
            renter=msg.sender,
            provider=terms.provider,
            slots=terms.slots,
            price_gfuel=terms.price_gfuel,
            price_gib=terms.price_gib,
            escrow=escrow,
            expiry=terms.expiry,
            demand=demand,
            reservation=reservation,
            drawn=booking >> 224 != 0,
        )
        lease += 1
    self._take(count * (convert(escrow, uint256) + reservation))
    return first


@internal
@view
def _reservation(demand: uint256, escrow: uint64) -> uint256:
    """
    @notice Check what the renter asks for, and price the slots' time.
    """
    slots: uint256 = demand >> 64 & U16
    duration: uint256 = demand >> 80 & U32
    assert slots > 0, "Market: no slots"
    assert duration > 0, "Market: no duration"
    assert duration <= MAX_LEASE_SECONDS, "Market: lease too long"
    assert escrow > 0, "Market: no escrow"
    assert convert(escrow, uint256) <= market_lease.MAX_AMOUNT, "Market: escrow too large"
    return slots * max(duration, LEAST_RESERVED) * RESERVATION_PRICE


@external
def top_up(lease: uint256, terms: market_lease.Terms, amount: uint64):
    """
    @notice Add to the renter's escrow, until the lease expires.
    @dev New terms void every call that is under way with the old ones. So nobody else may make them, and after
         expiry, when the provider's last chance to settle begins, nobody at all (M3).
    """
    word: uint256 = self._held(lease, terms)
    assert msg.sender == terms.renter, "Market: only the renter"
    assert block.timestamp <= convert(terms.expiry, uint256), "Market: lease has expired"
    assert amount > 0, "Market: nothing to add"
    assert convert(amount, uint256) <= market_lease.MAX_AMOUNT - convert(terms.escrow, uint256), "Market: escrow too large"
    grown: market_lease.Terms = terms
    grown.escrow = terms.escrow + amount
    self.leases[lease] = market_lease._hash(grown) | (word & U64)
    log market_lease.LeaseToppedUp(lease=lease, escrow_total=grown.escrow)
    self._take(convert(amount, uint256))


@external
def settle(
    lease: uint256, terms: market_lease.Terms, sequence: uint256, amount: uint256, root: bytes32, v: uint256, r: uint256, s: uint256
):
    """
    @notice Pay what a voucher adds to the settled amount. Anybody may send it; the payee is read now.
    @param sequence With amount and root: the voucher, cumulative, signed (v, r, s) by the renter.
    """
    word: uint256 = self._held(lease, terms)
    signed: market_signature.Signature = market_signature.Signature(v=v, r=r, s=s)
    self._check_voucher(lease, terms.renter, terms.escrow, word, sequence, amount, root, signed)
    self.leases[lease] = (word & ~U64) | (sequence << 40) | amount
    earned: uint256 = self._earned(lease, terms.provider, word & market_lease.MAX_AMOUNT, sequence, amount, root)
    self._give(self._payee(terms.provider, self.accounts[terms.provider]), earned)


@external
def settle_many(redemptions: DynArray[market_lease.Redemption, MAX_LEASES]):
    """
    @notice `settle` for each, one payment for neighbours of one payee. A lease that has ended is passed over, and
            a voucher that adds nothing to what is settled: who is first with one can't make the others fail.
    """
    payments: DynArray[market_lease.Due, MAX_LEASES] = []
    for each: market_lease.Redemption in redemptions:
        word: uint256 = self._held_or_ended(each.lease, each.terms)
        settled: uint256 = word & market_lease.MAX_AMOUNT
        if word == 0 or each.amount <= settled:
            continue
        self._check_voucher(
            each.lease, each.terms.renter, each.terms.escrow, word, each.sequence, each.amount, each.root, each.signature
        )
        self.leases[each.lease] = (word & ~U64) | (each.sequence << 40) | each.amount
        provider: address = each.terms.provider
        earned: uint256 = self._earned(each.lease, provider, settled, each.sequence, each.amount, each.root)
        payee: address = self._payee(provider, self.accounts[provider])
        last: uint256 = len(payments)
        if last > 0 and payments[last - 1].to == payee:
            payments[last - 1].amount += earned
        else:
            payments.append(market_lease.Due(to=payee, amount=earned))
    for due: market_lease.Due in payments:
        self._give(due.to, due.amount)


@external
def close(
    lease: uint256,
    terms: market_lease.Terms,
    sequence: uint256,
    amount: uint256,
    root: bytes32,
    renter_signature: Bytes[65],
    provider_signature: Bytes[65],
):
    """
    @notice End a lease now: settle the voucher if it is new, give the rest back (M3).
    @param renter_signature Of the voucher; not looked at when its amount is the settled one, so that somebody
           who settles the same voucher first can't make this call fail.
    @param provider_signature Of Close(lease, sequence, amount); empty when the provider is the caller.
    """
    word: uint256 = self._held(lease, terms)
    settled: uint256 = word & market_lease.MAX_AMOUNT
    if len(provider_signature) > 0 or msg.sender != terms.provider:
        agreed: market_signature.Signature = market_signature._parts(provider_signature)
        self._check_consent(lease, terms.provider, sequence, amount, agreed)
    if amount != settled:
        signed: market_signature.Signature = market_signature._parts(renter_signature)
        self._check_voucher(lease, terms.renter, terms.escrow, word, sequence, amount, root, signed)
    refund: uint256 = convert(terms.escrow, uint256) - amount
    self._end(lease, terms.provider, terms.slots, amount, refund)
    if amount > settled:
        earned: uint256 = self._earned(lease, terms.provider, settled, sequence, amount, root)
        self._give(self._payee(terms.provider, self.accounts[terms.provider]), earned)
    self._give(terms.renter, refund)


@external
def close_many(endings: DynArray[market_lease.Ending, MAX_LEASES]):
    """
    @notice `close` for each, one payment for neighbours of one payee, one refund for neighbours of one renter.
            A lease that has ended is passed over: who is first with one can't make the others fail.
    """
    payments: DynArray[market_lease.Due, MAX_LEASES] = []
    refunds: DynArray[market_lease.Due, MAX_LEASES] = []
    for each: market_lease.Ending in endings:
        word: uint256 = self._held_or_ended(each.lease, each.terms)
        if word == 0:
            continue
        settled: uint256 = word & market_lease.MAX_AMOUNT
        provider: address = each.terms.provider
        renter: address = each.terms.renter
        if each.consent.v != 0 or msg.sender != provider:
            self._check_consent(each.lease, provider, each.sequence, each.amount, each.consent)
        if each.amount != settled:
            self._check_voucher(
                each.lease, renter, each.terms.escrow, word, each.sequence, each.amount, each.root, each.signature
            )
        refund: uint256 = convert(each.terms.escrow, uint256) - each.amount
        self._end(each.lease, provider, each.terms.slots, each.amount, refund)
        last: uint256 = len(refunds)
        if last > 0 and refunds[last - 1].to == renter:
            refunds[last - 1].amount += refund
        else:
            refunds.append(market_lease.Due(to=renter, amount=refund))
        if each.amount > settled:
            earned: uint256 = self._earned(each.lease, provider, settled, each.sequence, each.amount, each.root)
            payee: address = self._payee(provider, self.accounts[provider])
            last = len(payments)
            if last > 0 and payments[last - 1].to == payee:
                payments[last - 1].amount += earned
            else:
                payments.append(market_lease.Due(to=payee, amount=earned))
    for due: market_lease.Due in payments:
        self._give(due.to, due.amount)
    for due: market_lease.Due in refunds:
        self._give(due.to, due.amount)


@external
def reclaim(lease: uint256, terms: market_lease.Terms):
    """
    @notice After expiry and grace, give back what no voucher claimed (M3). Anybody may send it.
    """
    word: uint256 = self._held(lease, terms)
    assert block.timestamp > convert(terms.expiry, uint256) + GRACE_SECONDS, "Market: expiry and grace not over"
    settled: uint256 = word & market_lease.MAX_AMOUNT
    refund: uint256 = convert(terms.escrow, uint256) - settled
    self._end(lease, terms.provider, terms.slots, settled, refund)
    self._give(terms.renter, refund)


@internal
@view
def _held(lease: uint256, terms: market_lease.Terms) -> uint256:
    """
    @notice The word of an open lease with these terms.
    """
    word: uint256 = self.leases[lease]
    assert word != 0, "Market: no such lease"
    assert (word ^ convert(keccak256(abi_encode(terms)), uint256)) >> 64 == 0, "Market: other terms"
    return word


@internal
@view
def _held_or_ended(lease: uint256, terms: market_lease.Terms) -> uint256:
    """
    @notice The same, but 0 for a lease that has ended.
    """
    if self.leases[lease] == 0 and lease > 0 and lease <= self.books & U40:
        return 0
    return self._held(lease, terms)


# Vouchers


@internal
@view
def _check_voucher(
    lease: uint256,
    renter: address,
    escrow: uint64,
    word: uint256,
    sequence: uint256,
    amount: uint256,
    root: bytes32,
    signature: market_signature.Signature,
):
    assert amount > word & market_lease.MAX_AMOUNT, "Market: amount not grown"
    assert sequence <= market_lease.MAX_SEQUENCE, "Market: sequence too large"
    assert amount <= convert(escrow, uint256), "Market: more than the escrow"
    voucher: bytes32 = keccak256(abi_encode(VOUCHER_TYPE, lease, sequence, amount, root))
    assert self._signed(voucher, renter, signature), "Market: not the renter's signature"


@internal
@view
def _check_consent(
    lease: uint256, provider: address, sequence: uint256, amount: uint256, signature: market_signature.Signature
):
    consent: bytes32 = keccak256(abi_encode(CLOSE_TYPE, lease, sequence, amount))
    assert self._signed(consent, provider, signature), "Market: not the provider's consent"


@internal
@view
def _signed(struct_hash: bytes32, signer: address, signature: market_signature.Signature) -> bool:
    """
    @dev ecrecover gives zero for what is no signature, and no signer is zero: a renter has called, a provider
         has staked.
    """
    if signature.s > market_signature.HALF_ORDER:
        return False
    digest: bytes32 = keccak256(concat(x"1901", self._separator(), struct_hash))
    return ecrecover(digest, signature.v, signature.r, signature.s) == signer


@internal
@view
def _separator() -> bytes32:
    """
    @dev Built anew on a fork of the chain, so that no signature is good on two.
    """
    if chain.id == CHAIN_ID:
        return SEPARATOR
    return self._build_separator()


@internal
@view
def _build_separator() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Surge Market"), keccak256("1"), chain.id, self))


# Money


@internal
def _earned(
    lease: uint256, provider: address, settled: uint256, sequence: uint256, amount: uint256, root: bytes32
) -> uint256:
    """
    @notice What a voucher adds, for the payee, less its fee, which stays with the lease until the lease ends.
    """
    delta: uint256 = unsafe_sub(amount, settled)
    fee: uint256 = unsafe_sub(self._fee(amount), self._fee(settled))
    log market_lease.Settled(lease=lease, provider=provider, sequence=sequence, amount=amount, root=root, fee=fee)
    return unsafe_sub(delta, fee)


@internal
@view
def _fee(paid: uint256) -> uint256:
    """
    @notice Of all that a lease has paid; rounded down once, however many settlements it took.
    """
    # Below 2**40, and FEE_BPS is at most BPS.
    return unsafe_div(unsafe_mul(paid, FEE_BPS), BPS)


@internal
def _end(lease: uint256, provider: address, slots: uint16, paid: uint256, refund: uint256):
    """
    @notice Clear the lease, free its slots (M4) and book its fee: once, so that a settlement writes one word.
    """
    self.leases[lease] = 0
    fee: uint256 = self._fee(paid)
    if fee > 0:
        books: uint256 = self.books
        self.books = unsafe_add(books, (fee << EPOCH_FEES) | (fee << UNSWEPT))
        account: uint256 = self.accounts[provider]
        epoch: uint256 = books >> EPOCH & U32
        last: uint256 = account >> LAST_EPOCH & U32
        if last != epoch:
            if account >> FEES != 0:
                self.earlier_fees[last][provider] = account >> FEES
            account = (account & U160) | (epoch << LAST_EPOCH)
        self.accounts[provider] = account + (fee << FEES)
    extcall Registry(REGISTRY).release(provider, convert(slots, uint256))
    log market_lease.LeaseClosed(lease=lease, paid=paid, refund=refund)


@internal
@pure
def _payee(provider: address, account: uint256) -> address:
    payee: uint256 = account & U160
    return provider if payee == 0 else convert(payee, address)


@external
def set_payee(provider: address, payee: address):
    """
    @notice Only by the Registry, where the provider says it.
    """
    assert msg.sender == REGISTRY, "Market: only the registry"
    self.accounts[provider] = (self.accounts[provider] & ~U160) | convert(payee, uint256)


@internal
def _take(amount: uint256):
    assert extcall IERC20(DOLLAR).transferFrom(msg.sender, self, amount, default_return_value=True), "Market: not paid in"


@internal
def _give(to: address, amount: uint256):
    if amount > 0:
        assert extcall IERC20(DOLLAR).transfer(to, amount, default_return_value=True), "Market: not paid out"


@external
def sweep() -> uint256:
    """
    @notice Hand all fees and reservations to Rewards and begin the next epoch.
    @return How much.
    """
    assert msg.sender == self.rewards, "Market: only the rewards"
    books: uint256 = self.books
    pot: uint256 = books >> UNSWEPT
    epoch: uint256 = books >> EPOCH & U32
    self.fees_of_ended[epoch] = books >> EPOCH_FEES & U88
    self.books = (books & U40) | ((epoch + 1) << EPOCH)
    log Swept(epoch=epoch, pot=pot)
    self._give(msg.sender, pot)
    return pot


# Views


@external
@view
def epoch() -> uint256:
    """
    @notice The epoch that payments count for now.
    """
    return self.books >> EPOCH & U32


@external
@view
def unswept() -> uint256:
    """
    @notice Fees and reservations that no sweep has taken, in millionths of a dollar.
    """
    return self.books >> UNSWEPT


@external
@view
def leases_count() -> uint256:
    """
    @notice How many leases were ever opened; ids count from 1.
    """
    return self.books & U40


@external
@view
def payee_of(provider: address) -> address:
    """
    @notice Who is paid for the provider's leases: itself by default.
    """
    return self._payee(provider, self.accounts[provider])


@external
@view
def fees_of(epoch: uint256, provider: address) -> uint256:
    """
    @notice Fees of a provider's leases that ended in an epoch.
    """
    account: uint256 = self.accounts[provider]
    return account >> FEES if epoch == account >> LAST_EPOCH & U32 else self.earlier_fees[epoch][provider]


@external
@view
def fees_in(epoch: uint256) -> uint256:
    """
    @notice Fees of the leases that ended in an epoch, reservations not among them.
    """
    books: uint256 = self.books
    return books >> EPOCH_FEES & U88 if epoch == books >> EPOCH & U32 else self.fees_of_ended[epoch]


@external
@view
def separator() -> bytes32:
    """
    @notice The EIP-712 domain separator that signatures here are bound to.
    """
    return self._separator()
