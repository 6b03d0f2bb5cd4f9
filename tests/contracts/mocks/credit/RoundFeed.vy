# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A feed (AggregatorV3) that says whatever it is told, rounds that can't be included.
"""

struct Round:
    round_id: uint80
    answer: int256
    started_at: uint256
    updated_at: uint256
    answered_in: uint80

decimals: public(uint8)
latestRoundData: public(Round)


@deploy
def __init__(decimals: uint8, answer: int256):
    self.decimals = decimals
    self.latestRoundData = Round(
        round_id=7, answer=answer, started_at=block.timestamp, updated_at=block.timestamp, answered_in=7
    )


@external
def say(round: Round):
    self.latestRoundData = round
