# SPDX-License-Identifier: Apache-2.0
"""Numbers as a reader has them, and as HTML that says where they come from."""

import html
import math
from decimal import ROUND_HALF_EVEN, Decimal

NOTHING = "–"
DIGITS = 3  # significant ones


def decimals_of(value, digits=DIGITS):
    """Places behind the point that show so many significant digits."""
    if value == 0 or float(value).is_integer():
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def number(value, digits=DIGITS):
    """1234.5 is 1,234; 0.01234 is 0.0123. An integer is shown in full."""
    if value is None:
        return NOTHING
    places = decimals_of(value, digits)
    rounded = Decimal(repr(float(value)) if isinstance(value, float)
                      else value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{rounded:,f}"


def data(value, shown=None, kind=""):
    """The element that carries a value with its expression. Nothing known is no element."""
    if value.value is None:
        return f'<span class="none">{NOTHING}</span>'
    if shown is None:
        shown = value.value if isinstance(value.value, str) else number(value.value)
    said = value.value if isinstance(value.value, str) else repr(value.value)
    named = f' class="{kind}"' if kind else ""
    shown = html.escape(str(shown), quote=False)
    return f'<data{named} value="{html.escape(str(said))}" data-of="{html.escape(value.of)}">{shown}</data>'
