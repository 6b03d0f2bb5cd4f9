# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title PriceFeed
@license AGPL-3.0-only
@notice A price that a person sets, behind the interface of Chainlink's AggregatorV3. For local networks: anybody
        sets it. It counts as updated in the very block that reads it, until it is frozen.
"""

event AnswerUpdated:
    current: indexed(int256)
    round_id: indexed(uint256)
    updated_at: uint256

struct Round:
    answer: int256
    started_at: uint256

# AggregatorV3.
decimals: public(immutable(uint8))
description: public(immutable(String[32]))
version: public(constant(uint256)) = 1

latest_round: public(uint80)
# When the feed was frozen, in chain seconds; 0 while it is live.
frozen_at: public(uint256)

_rounds: HashMap[uint80, Round]


@deploy
def __init__(what: String[32], places: uint8, answer: int256):
    """
    @param what The description, as "ETH / USD".
    @param places Decimals of the answer; 8 for prices in dollars.
    @param answer The first one.
    """
    description = what
    decimals = places
    self._answer(answer)


@external
def set_answer(answer: int256):
    """
    @notice Set the price, in 10^-decimals. Anybody. A frozen feed stays frozen.
    """
    self._answer(answer)


@external
def freeze():
    """
    @notice Stop the feed's clock: what it says becomes older from here on.
    """
    assert self.frozen_at == 0, "PriceFeed: it is frozen already"
    self.frozen_at = block.timestamp


@external
def thaw():
    """
    @notice Let the feed's clock go again.
    """
    assert self.frozen_at != 0, "PriceFeed: it is not frozen"
    self.frozen_at = 0


@view
@external
def latestAnswer() -> int256:
    return self._rounds[self.latest_round].answer


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @return Round id, answer, start, time of the update, round that it was answered in.
    """
    return self._told(self.latest_round)


@view
@external
def getRoundData(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    assert self._rounds[round_id].started_at != 0, "PriceFeed: no such round"
    return self._told(round_id)


@view
@internal
def _told(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    told: Round = self._rounds[round_id]
    updated_at: uint256 = told.started_at
    if round_id == self.latest_round:
        updated_at = self.frozen_at if self.frozen_at != 0 else block.timestamp
    return round_id, told.answer, told.started_at, updated_at, round_id


@internal
def _answer(answer: int256):
    assert answer > 0, "PriceFeed: the answer must be positive"
    self.latest_round += 1
    self._rounds[self.latest_round] = Round(answer=answer, started_at=block.timestamp)
    log AnswerUpdated(
        current=answer, round_id=convert(self.latest_round, uint256), updated_at=block.timestamp
    )
