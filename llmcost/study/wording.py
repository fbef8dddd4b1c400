"""Numbers as a reader wants them in a sentence: rounded, with their unit, never `nan`.

Prose gets at most three significant digits. What is unknown (None or NaN) is an en dash.
"""

import math

DASH = "–"


def _unknown(value):
    return value is None or math.isnan(value)


def rounded(value, digits_count=3):
    """The value at so many significant digits.

    >>> rounded(12_345), rounded(0.061234), rounded(0)
    (12300.0, 0.0612, 0.0)
    """
    if not value or math.isinf(value):
        return float(value)
    return round(float(value), digits_count - 1 - math.floor(math.log10(abs(value))))


def number(value, digits_count=3):
    """A plain number with thousands separators and no needless decimals.

    >>> number(12_345), number(2.5), number(0.06123), number(3.0), number(None)
    ('12,300', '2.5', '0.0612', '3', '–')
    """
    if _unknown(value):
        return DASH
    if math.isinf(value):
        return "more than any number" if value > 0 else "less than any number"
    value = rounded(value, digits_count)
    if value == int(value):
        return f"{int(value):,}"
    decimals_count = max(0, digits_count - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals_count}f}".rstrip("0").rstrip(".")


def _amount(value):
    """An amount of money without its sign and its dollar."""
    value = rounded(abs(value))
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    if value >= 0.1:
        return f"{value:.2f}" if value >= 1 or round(value, 2) == value else f"{value:.3f}"
    return number(value)


NOTHING_USD = 1e-9
"""Less is the rounding of equal amounts: no token costs so little."""


def usd(value, signed=False):
    """An amount of money; `signed` shows the plus of a difference.

    >>> usd(18_012), usd(0.61), usd(-2_204), usd(12.5), usd(0.0004)
    ('$18,000', '$0.61', '-$2,200', '$12.50', '$0.0004')
    >>> usd(3_800, signed=True), usd(2.9e-11, signed=True)
    ('+$3,800', '$0')
    """
    if _unknown(value):
        return DASH
    value = 0.0 if abs(value) < NOTHING_USD else value
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}${_amount(value)}" if math.isfinite(value) else f"{sign}more than any amount"


def usd_range(low, high):
    """A band of money, or one amount where both ends read the same.

    >>> usd_range(7_000, 11_300), usd_range(-200, 300), usd_range(5, 5)
    ('$7,000–11,300', '-$200 to $300', '$5')
    """
    if _unknown(low) or _unknown(high):
        return DASH
    if usd(low) == usd(high):
        return usd(low)
    return f"{usd(low)} to {usd(high)}" if low < 0 or high < 0 else f"{usd(low)}–{_amount(high)}"


def percent(fraction):
    """A share; only a share of exactly one is "100 %".

    >>> percent(0.85), percent(0.116), percent(0.0034), percent(0.9996), percent(1), percent(0)
    ('85 %', '12 %', '0.3 %', '>99 %', '100 %', '0 %')
    """
    if _unknown(fraction):
        return DASH
    if 0.995 <= fraction < 1:
        return ">99 %"
    if 0 < abs(fraction) < 0.0005:
        return "<0.1 %"
    return (
        f"{100 * fraction:.1f} %"
        if 0 < abs(fraction) < 0.095 and round(100 * fraction, 1) % 1
        else f"{100 * fraction:,.0f} %"
    )


def probability(fraction):
    """A probability drawn by chance: never certain, never impossible.

    >>> probability(1), probability(0), probability(0.62)
    ('>99 %', '<1 %', '62 %')
    """
    if _unknown(fraction):
        return DASH
    if fraction > 0.99:
        return ">99 %"
    return "<1 %" if fraction < 0.01 else f"{100 * fraction:.0f} %"


def count(value):
    """A number of things.

    >>> count(4), count(700_000), count(1_234_567)
    ('4', '700,000', '1,230,000')
    """
    return number(value)


def mtok(value_mtok):
    """A volume of tokens, given in millions.

    >>> mtok(900), mtok(12_345), mtok(0.5)
    ('900 M', '12,300 M', '0.5 M')
    """
    return DASH if _unknown(value_mtok) else f"{number(value_mtok)} M"
