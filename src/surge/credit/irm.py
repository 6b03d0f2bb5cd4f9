"""The adaptive-curve rate model. Twin of AdaptiveCurveIrm.vy, bit for bit: signed division truncates to zero.

    error = (utilisation - 0.9) / (0.1 above, 0.9 below)            from -1 to 1
    rate = rate at target * (1 + 3 error above, 1 + 0.75 error below)
    the rate at target grows by exp(50 a year * error * elapsed)

Source: the AdaptiveCurveIRM of Morpho, whose integers define the exponential.
"""

from surge.model.units import WAD

YEAR = 365 * 86_400
TARGET_UTILISATION = WAD * 9 // 10
CURVE_STEEPNESS = 4 * WAD
ADJUSTMENT_SPEED = 50 * WAD // YEAR
"""Per second, like all rates here."""
INITIAL_RATE_AT_TARGET = WAD * 4 // 100 // YEAR
MIN_RATE_AT_TARGET = WAD // 1_000 // YEAR
MAX_RATE_AT_TARGET = 2 * WAD // YEAR
_LN_2 = 693147180559945309
_LN_WEI = -41446531673892822312
_MAX_EXPONENT = 93859467695000404319
_MAX_EXP = 57716089161558943949701069502944508345128422502756744429568


def average_rate(rate_at_target: int, utilisation: int, elapsed_s: int) -> tuple[int, int]:
    """The average borrow rate over the elapsed seconds, and the rate at target at their end; WAD per second.

    rate_at_target: 0 before the market's first call, which starts at the initial rate. utilisation: WAD.
    """
    span = WAD - TARGET_UTILISATION if utilisation > TARGET_UTILISATION else TARGET_UTILISATION
    error = _divide((utilisation - TARGET_UTILISATION) * WAD, span)
    if rate_at_target == 0:
        return _on_curve(INITIAL_RATE_AT_TARGET, error), INITIAL_RATE_AT_TARGET
    exponent = _divide(ADJUSTMENT_SPEED * error, WAD) * elapsed_s
    end = _grown(rate_at_target, exponent)
    middle = _grown(rate_at_target, _divide(exponent, 2))
    return _on_curve((rate_at_target + end + 2 * middle) // 4, error), end


def _on_curve(rate_at_target: int, error: int) -> int:
    slope = CURVE_STEEPNESS - WAD if error >= 0 else WAD - WAD * WAD // CURVE_STEEPNESS
    return _divide((_divide(slope * error, WAD) + WAD) * rate_at_target, WAD)


def _grown(rate_at_target: int, exponent: int) -> int:
    if exponent == 0:
        return rate_at_target
    return min(max(rate_at_target * _exp(exponent) // WAD, MIN_RATE_AT_TARGET), MAX_RATE_AT_TARGET)


def _exp(x: int) -> int:
    """exp(x) as 2**q * exp(r), |r| <= ln(2) / 2, the latter by two terms of Taylor. All WAD."""
    if x < _LN_WEI:
        return 0
    if x >= _MAX_EXPONENT:
        return _MAX_EXP
    half = _LN_2 // 2 if x >= 0 else -(_LN_2 // 2)
    q = _divide(x + half, _LN_2)
    r = x - q * _LN_2
    exp_r = WAD + r + r * r // WAD // 2
    return exp_r << q if q >= 0 else exp_r >> -q


def _divide(numerator: int, denominator: int) -> int:
    """Division that truncates toward zero, as the chain's signed one does; the denominator is positive."""
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient
