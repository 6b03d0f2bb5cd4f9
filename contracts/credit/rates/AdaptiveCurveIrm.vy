# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title AdaptiveCurveIrm
@license AGPL-3.0-only
@notice A rate model that looks for the rate at which 90% of a market is borrowed.

        error = (utilisation - 0.9) / (0.1 above, 0.9 below)            from -1 to 1
        rate = rate at target * (1 + 3 error above, 1 + 0.75 error below)
        the rate at target grows by exp(50 a year * error * elapsed)

@dev Any lender may ask: the state is kept by caller and market, and nobody owns it. Signed division truncates
     toward zero; these integers are the definition. Twin: src/surge/credit/irm.py.
"""

WAD: constant(int256) = 10**18
YEAR: constant(int256) = 365 * 86_400
TARGET_UTILISATION: constant(int256) = WAD * 9 // 10
CURVE_STEEPNESS: constant(int256) = 4 * WAD
# All per second.
ADJUSTMENT_SPEED: constant(int256) = 50 * WAD // YEAR
INITIAL_RATE_AT_TARGET: constant(int256) = WAD * 4 // 100 // YEAR
MIN_RATE_AT_TARGET: constant(int256) = WAD // 1_000 // YEAR
MAX_RATE_AT_TARGET: constant(int256) = 2 * WAD // YEAR
LN_2: constant(int256) = 693147180559945309
# exp of less is below one wei; exp of more would be above MAX_EXP.
LN_WEI: constant(int256) = -41446531673892822312
MAX_EXPONENT: constant(int256) = 93859467695000404319
MAX_EXP: constant(int256) = 57716089161558943949701069502944508345128422502756744429568

# By caller and market, WAD per second; 0 before the first call.
rates_at_target: HashMap[address, HashMap[bytes32, uint256]]


@external
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    """
    @notice The average rate since the last call, for the caller's market; the rate at target moves on.
    @param elapsed Seconds since the last call.
    @return WAD per second.
    """
    average: uint256 = 0
    after: uint256 = 0
    average, after = self._average_rate(self.rates_at_target[msg.sender][id], borrowed, supplied, elapsed)
    self.rates_at_target[msg.sender][id] = after
    return average


@external
@view
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    """
    @notice What borrow_rate would give the caller.
    """
    return self._average_rate(self.rates_at_target[msg.sender][id], borrowed, supplied, elapsed)[0]


@external
@view
def borrow_rate_of(
    credit: address, id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256
) -> uint256:
    """
    @notice What borrow_rate would give `credit`: for whoever bounds the rate that it borrows at.
    """
    return self._average_rate(self.rates_at_target[credit][id], borrowed, supplied, elapsed)[0]


@external
@view
def rate_at_target(credit: address, id: bytes32) -> uint256:
    """
    @notice WAD per second, as of the last call; 0 before the first.
    """
    return self.rates_at_target[credit][id]


@internal
@pure
def _average_rate(
    rate_at_target: uint256, borrowed: uint256, supplied: uint256, elapsed: uint256
) -> (uint256, uint256):
    """
    @notice The average over the elapsed seconds, and the rate at target at their end.
    @dev The first call starts at the initial rate: there was nothing to adapt to before.
    """
    utilisation: int256 = 0
    if supplied > 0:
        utilisation = convert(borrowed * convert(WAD, uint256) // supplied, int256)
    span: int256 = TARGET_UTILISATION
    if utilisation > TARGET_UTILISATION:
        span = WAD - TARGET_UTILISATION
    error: int256 = (utilisation - TARGET_UTILISATION) * WAD // span
    average: int256 = INITIAL_RATE_AT_TARGET
    end: int256 = INITIAL_RATE_AT_TARGET
    if rate_at_target > 0:
        start: int256 = convert(rate_at_target, int256)
        exponent: int256 = ADJUSTMENT_SPEED * error // WAD * convert(elapsed, int256)
        end = self._grown(start, exponent)
        average = (start + end + 2 * self._grown(start, exponent // 2)) // 4
    return convert(self._on_curve(average, error), uint256), convert(end, uint256)


@internal
@pure
def _on_curve(rate_at_target: int256, error: int256) -> int256:
    slope: int256 = CURVE_STEEPNESS - WAD
    if error < 0:
        slope = WAD - WAD * WAD // CURVE_STEEPNESS
    return (slope * error // WAD + WAD) * rate_at_target // WAD


@internal
@pure
def _grown(rate_at_target: int256, exponent: int256) -> int256:
    """
    @notice Times exp(exponent), within its bounds.
    """
    if exponent == 0:
        return rate_at_target
    return min(max(rate_at_target * self._exp(exponent) // WAD, MIN_RATE_AT_TARGET), MAX_RATE_AT_TARGET)


@internal
@pure
def _exp(x: int256) -> int256:
    """
    @notice exp(x) as 2**q * exp(r), |r| <= ln(2) / 2, the latter by two terms of Taylor. All WAD.
    """
    if x < LN_WEI:
        return 0
    if x >= MAX_EXPONENT:
        return MAX_EXP
    half: int256 = LN_2 // 2
    if x < 0:
        half = -half
    q: int256 = (x + half) // LN_2
    r: int256 = x - q * LN_2
    exp_r: int256 = WAD + r + r * r // WAD // 2
    if q < 0:
        return exp_r >> convert(-q, uint256)
    return exp_r << convert(q, uint256)
