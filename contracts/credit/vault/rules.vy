# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title vault_rules
@license AGPL-3.0-only
@notice Who may change which market of a Vault: caps, queues, the owner's timelock and the guardian.

        submit_cap -> timelock -> accept_cap, within 14 days (a higher cap, a new market) · lower_cap at once
        submit_cap of 0 -> timelock -> set_withdraw_queue without the market, whatever it holds

        The cap is the exposure: whoever has capital for a block can fill a market up to its cap, and `reallocate`
        only moves what is there now. Cap a market at what may be lost in it.
@dev A part of Vault, which speaks for it. A market's parameters are kept as code: nine words for one read.
"""

from snekmate.auth import ownable

from ..lending import calls as credit_calls
from ..lending import market as credit_market
import plan as vault_plan

uses: ownable

event CapSubmitted:
    id: indexed(bytes32)
    cap: uint256
    valid_at: uint256

event CapSet:
    id: indexed(bytes32)
    cap: uint256

event CapRevoked:
    id: indexed(bytes32)

event GuardianSubmitted:
    guardian: address
    valid_at: uint256

event GuardianSet:
    guardian: address

event GuardianRevoked:
    guardian: address

event SupplyQueueSet:
    ids: DynArray[bytes32, vault_plan.MAX_MARKETS]

event WithdrawQueueSet:
    ids: DynArray[bytes32, vault_plan.MAX_MARKETS]

struct PendingCap:
    cap: uint256
    valid_at: uint256

struct PendingGuardian:
    guardian: address
    valid_at: uint256

MAX_TIMELOCK: constant(uint256) = 30 * 86_400
# Seconds after the timelock in which what is submitted may be accepted.
ACCEPTANCE: constant(uint256) = 14 * 86_400
MAX_CAP: constant(uint256) = 2**104 - 1
# Init code that returns as code whatever follows it.
KEEP: constant(Bytes[11]) = x"600B5981380380925939F3"

CREDIT: public(immutable(address))
ASSET: immutable(address)
TIMELOCK: public(immutable(uint256))

guardian: public(address)
pending_guardian: public(PendingGuardian)
cap: public(HashMap[bytes32, uint256])
pending_cap: public(HashMap[bytes32, PendingCap])
# The supply queue: places in the withdraw queue, from 1, four bits each, the first lowest.
supply_order: uint256
withdraw_queue: DynArray[bytes32, vault_plan.MAX_MARKETS]
params_at: HashMap[bytes32, address]


@deploy
def __init__(credit: address, asset: address, timelock: uint256):
    assert timelock <= MAX_TIMELOCK, "Vault: the timelock is at most 30 days"
    CREDIT = credit
    ASSET = asset
    TIMELOCK = timelock


# Caps


@external
def submit_cap(id: bytes32, cap: uint256):
    """
    @notice Propose a higher cap for a market; `accept_cap` within 14 days after the timelock. Or 0 where there is no
            cap, to write it off: then `set_withdraw_queue` may leave it out with all that it holds. Only the owner.
    @param cap In units of the asset; interest may carry what the market holds above it.
    """
    self._check_owner()
    assert cap > self.cap[id] or self.cap[id] | cap == 0, "Vault: not a higher cap"
    assert cap <= MAX_CAP, "Vault: cap too large"
    assert self._params_of(id).loan_token == ASSET, "Vault: the market lends another token"
    valid_at: uint256 = block.timestamp + TIMELOCK
    self.pending_cap[id] = PendingCap(cap=cap, valid_at=valid_at)
    log CapSubmitted(id=id, cap=cap, valid_at=valid_at)


@external
@nonreentrant
def accept_cap(id: bytes32):
    """
    @notice Set a submitted cap within 14 days after its timelock; a new market comes last in both queues. Anybody may.
    """
    pending: PendingCap = self.pending_cap[id]
    self._check_due(pending.valid_at if pending.cap > 0 else 0)
    self.pending_cap[id] = empty(PendingCap)
    if id not in self.withdraw_queue:
        assert len(self.withdraw_queue) < vault_plan.MAX_MARKETS, "Vault: too many markets"
        if self.params_at[id] == empty(address):
            self.params_at[id] = raw_create(KEEP, self._params_of(id))
        queue: DynArray[bytes32, vault_plan.MAX_MARKETS] = self._supply_queue()
        self.withdraw_queue.append(id)
        queue.append(id)
        self._set_order(queue)
    self._set_cap(id, pending.cap)


@external
def lower_cap(id: bytes32, cap: uint256):
    """
    @notice Set a lower cap at once, and drop a pending one. The owner; the guardian to zero only.
    """
    if cap > 0:
        self._check_owner()
    self._check_guard()
    assert cap <= self.cap[id], "Vault: not a lower cap"
    self.pending_cap[id] = empty(PendingCap)
    self._set_cap(id, cap)


@external
def revoke_cap(id: bytes32):
    """
    @notice Drop a pending cap. The owner or the guardian.
    """
    self._check_guard()
    assert self.pending_cap[id].valid_at > 0, "Vault: nothing is pending"
    self.pending_cap[id] = empty(PendingCap)
    log CapRevoked(id=id)


@internal
def _set_cap(id: bytes32, cap: uint256):
    self.cap[id] = cap
    log CapSet(id=id, cap=cap)


# Guardian


@external
def submit_guardian(guardian: address):
    """
    @notice Name the guardian: at once while there is none, else by `accept_guardian` within 14 days after the
            timelock. Only the owner.
    """
    self._check_owner()
    if self.guardian == empty(address):
        self._set_guardian(guardian)
    else:
        valid_at: uint256 = block.timestamp + TIMELOCK
        self.pending_guardian = PendingGuardian(guardian=guardian, valid_at=valid_at)
        log GuardianSubmitted(guardian=guardian, valid_at=valid_at)


@external
def accept_guardian():
    """
    @notice Set the submitted guardian within 14 days after its timelock. Anybody may.
    """
    self._check_due(self.pending_guardian.valid_at)
    self._set_guardian(self.pending_guardian.guardian)
    self.pending_guardian = empty(PendingGuardian)


@external
def revoke_guardian():
    """
    @notice Drop a pending guardian. The owner or the guardian.
    """
    self._check_guard()
    assert self.pending_guardian.valid_at > 0, "Vault: nothing is pending"
    log GuardianRevoked(guardian=self.pending_guardian.guardian)
    self.pending_guardian = empty(PendingGuardian)


@internal
def _set_guardian(guardian: address):
    self.guardian = guardian
    log GuardianSet(guardian=guardian)


# Queues


@external
@view
def queues() -> (DynArray[bytes32, vault_plan.MAX_MARKETS], DynArray[bytes32, vault_plan.MAX_MARKETS]):
    """
    @notice (supply queue, withdraw queue); the latter names every market of the vault.
    """
    return self._supply_queue(), self.withdraw_queue


@external
def set_supply_queue(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]):
    """
    @notice Where deposits go, in this order, after what withdrawals drew is given back (a market without a cap gets
            nothing back). An empty queue takes no deposits. Markets with a cap; only the owner.
    """
    self._check_owner()
    self._check_distinct(ids)
    for id: bytes32 in ids:
        assert self.cap[id] > 0, "Vault: a market without a cap"
    self._set_order(ids)
    log SupplyQueueSet(ids=ids)


@internal
def _set_withdraw_queue(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]) -> DynArray[bytes32, vault_plan.MAX_MARKETS]:
    """
    @return The markets that are left out and not written off.
    """
    self._check_owner()
    self._check_distinct(ids)
    for id: bytes32 in ids:
        self._check_market(id)
    dropped: DynArray[bytes32, vault_plan.MAX_MARKETS] = []
    for id: bytes32 in self.withdraw_queue:
        if id not in ids:
            assert self.cap[id] == 0, "Vault: a market with a cap stays"
            pending: PendingCap = self.pending_cap[id]
            self.pending_cap[id] = empty(PendingCap)
            if pending.valid_at > 0 and pending.cap == 0:
                self._check_due(pending.valid_at)
            else:
                dropped.append(id)
    queue: DynArray[bytes32, vault_plan.MAX_MARKETS] = self._supply_queue()
    self.withdraw_queue = ids
    self._set_order(queue)
    log WithdrawQueueSet(ids=ids)
    return dropped


@internal
@view
def _supply_queue() -> DynArray[bytes32, vault_plan.MAX_MARKETS]:
    ids: DynArray[bytes32, vault_plan.MAX_MARKETS] = []
    order: uint256 = self.supply_order
    for i: uint256 in range(vault_plan.MAX_MARKETS):
        if order > 0:
            ids.append(self.withdraw_queue[(order & 15) - 1])
        order >>= 4
    return ids


@internal
def _set_order(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]):
    """
    @notice Those of the withdraw queue; others fall out.
    """
    order: uint256 = 0
    at: uint256 = 0
    for id: bytes32 in ids:
        place: uint256 = 0
        for other: bytes32 in self.withdraw_queue:
            place += 1
            if other == id:
                order |= place << at
                at += 4
    self.supply_order = order


# Checks and reads


@internal
@view
def _params_of(id: bytes32) -> credit_market.MarketParams:
    return staticcall credit_calls.Credit(CREDIT).params_of(id)


@internal
@view
def _params(id: bytes32) -> credit_market.MarketParams:
    """
    @dev Of a market of this vault; as `_params_of`, for less gas.
    """
    return abi_decode(slice(self.params_at[id].code, 0, 288), credit_market.MarketParams)


@internal
@view
def _check_owner():
    assert msg.sender == ownable.owner, "Vault: only the owner"


@internal
@view
def _check_guard():
    assert msg.sender == ownable.owner or msg.sender == self.guardian, "Vault: only the owner or the guardian"


@internal
@view
def _check_due(valid_at: uint256):
    assert valid_at > 0, "Vault: nothing is pending"
    assert block.timestamp >= valid_at, "Vault: timelock has not passed"
    assert block.timestamp <= valid_at + ACCEPTANCE, "Vault: expired; submit it again"


@internal
@view
def _check_market(id: bytes32):
    assert id in self.withdraw_queue, "Vault: not one of its markets"


@internal
@pure
def _check_distinct(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]):
    for i: uint256 in range(len(ids), bound=vault_plan.MAX_MARKETS):
        for j: uint256 in range(i, bound=vault_plan.MAX_MARKETS):
            assert ids[i] != ids[j], "Vault: a market twice in a queue"
