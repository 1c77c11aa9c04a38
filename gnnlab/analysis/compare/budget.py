"""Equal terms: models of the same number of parameters."""

from __future__ import annotations

from collections.abc import Callable


def match_width(count: Callable[[int], int], target: int) -> int:
    """The width with which a model comes nearest to a number of parameters.

    Args:
        count: From a width to the number of parameters, which grows with it.
        target: The number to come near to.

    Example:
        >>> match_width(lambda width: 4 * width * (width + 2), target=500)
        10
    """
    low, high = 1, 2
    while count(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < target else (low, middle)
    return min(low, high, key=lambda width: abs(count(width) - target))
