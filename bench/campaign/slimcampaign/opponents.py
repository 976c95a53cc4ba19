# SPDX-License-Identifier: Apache-2.0
"""What bench/baselines/README.md says of the modes, in its table: what each may use of slim, and what it loses by design."""

import html
import os
import re

README = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../baselines/README.md")


def as_html(cell):
    """Code in its marks. What has a number in it stays where it can be explained."""
    return "" if re.search(r"\d", cell) else re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(cell, quote=False))


def rows(path=README):
    """{mode: (what it may use, what it loses)}; empty without the file."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in f if line.startswith("|")]
    found, above = {}, ["", "", ""]
    for cells in lines:
        if len(cells) == 3:
            above = [above[n] if cell == "the same" else cell for n, cell in enumerate(cells)]
            found[above[0].strip("`")] = (as_html(above[1]), as_html(above[2]))
    return found
