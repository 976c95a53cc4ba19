# SPDX-License-Identifier: Apache-2.0
"""What can be said of repeats, and when two modes differ. Pure functions of lists of numbers; None where nothing can be said."""

import math

CONFIDENCE = 0.95
NO_DIFFERENCE = "no difference"


def mean(values):
    return math.fsum(values) / len(values) if values else None


def quantile(values, q):
    """Linear between the two neighbours: the smallest is quantile 0, the largest 1."""
    if not values:
        return None
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def median(values):
    return quantile(values, 0.5)


def least(values):
    return min(values, default=None)


def most(values):
    return max(values, default=None)


def deviation(values):
    """Of a sample: over n - 1. Of equal values it is zero, and not what rounding leaves."""
    if min(values) == max(values):
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1))


def beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), from its end."""
    result = 1.0
    for m in range(200, 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        result = 1 + even / (1 + odd / result)
    return 1 / (1 - (a + b) / (a + 1) * x / result)


def beta_share(a, b, x):
    """The regularised incomplete beta function."""
    if x in (0, 1):
        return float(x)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(1 - x))
    return front / a * beta_fraction(a, b, x)


def within(t, freedom):
    """Student's t: the probability of a value between -t and t."""
    return 1 - beta_share(freedom / 2, 0.5, freedom / (freedom + t * t))


def student_t(freedom, confidence=CONFIDENCE):
    """The t that so much of the distribution is within."""
    low, high = 0.0, 1.0
    while within(high, freedom) < confidence:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def interval(values):
    """Half the width of the confidence interval of the mean; None of fewer than two."""
    if len(values) < 2:
        return None
    return student_t(len(values) - 1) * deviation(values) / math.sqrt(len(values))


def ratio(values, base):
    """Of the medians."""
    above, below = median(values), median(base)
    return None if above is None or not below else above / below


def spread(pairs):
    """The largest factor between the two of a pair, in either direction: what a program differs by from itself."""
    factors = [max(one / other, other / one) for one, other in pairs if one > 0 and other > 0]
    return max(factors, default=None)


def verdict(of_modes, of_twins):
    """What a ratio of modes says beside the A/A row's spread."""
    if of_modes is None:
        return None
    if of_twins is None:
        return "no A/A row"
    if of_modes > 0 and max(of_modes, 1 / of_modes) <= of_twins:
        return NO_DIFFERENCE
    return "more" if of_modes > 1 else "less"
