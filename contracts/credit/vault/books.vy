# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title vault_books
@license AGPL-3.0-only
@notice What a Vault counts as its own, and how far deposits and withdrawals have moved it (vault_plan).
@dev A part of Vault. Each word holds an amount and its flow, so that both are written at once.
"""

import plan as vault_plan

U128: constant(uint256) = 2**128 - 1

# Assets that wait in the vault, never its token balance (128 bits) | what withdrawals drew of them (128).
waiting: uint256
# Of each market: supply shares (120 bits) | the flow (136, modulo 2**136).
words: HashMap[bytes32, uint256]


@external
@view
def idle() -> uint256:
    """
    @notice Assets that wait here.
    """
    return self._idle()


@external
@view
def drawn() -> uint256:
    """
    @notice What withdrawals drew of the idle assets since `reallocate`; the markets' flows stand in `holdings`.
    """
    return self._drawn()


@external
@view
def held(id: bytes32) -> uint256:
    """
    @notice Supply shares in a market that the vault counts as its own.
    """
    return self._held(id)


@internal
@view
def _idle() -> uint256:
    return self.waiting & U128


@internal
@view
def _drawn() -> uint256:
    return self.waiting >> 128


@internal
@view
def _held(id: bytes32) -> uint256:
    return self.words[id] & vault_plan.U120


@internal
def _bring_idle(assets: uint256):
    """
    @notice Of what withdrawals drew; what is drawn falls by what is idle more.
    """
    self.waiting = unsafe_sub(self.waiting, unsafe_mul(assets, U128))


@internal
def _draw_idle(assets: uint256):
    self.waiting = unsafe_add(self.waiting, unsafe_mul(assets, U128))


@internal
def _raise(id: bytes32, assets: uint256, shares: uint256):
    self.words[id] = unsafe_add(self.words[id], vault_plan._word(assets, shares))


@internal
def _lower(id: bytes32, assets: uint256, shares: uint256):
    """
    @notice No more than is held: a rate model may say one rate and charge another, and a gift of shares pay for it.
    """
    assert shares <= self._held(id), "Vault: more than is held"
    self.words[id] = unsafe_sub(self.words[id], vault_plan._word(assets, shares))


@internal
def _allocate(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]):
    """
    @notice As it is now is how the owner wants it: no flows.
    """
    self.waiting = self._idle()
    for id: bytes32 in ids:
        self.words[id] = self._held(id)
