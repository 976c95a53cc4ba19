# SPDX-License-Identifier: Apache-2.0
"""All pictures of a folder of results: as files, or to stand in a page."""

import hashlib
import io
import os
import re

from . import draw_anatomy, draw_dots, draw_lines, draw_time, modes, plans, style

DRAW = {plans.Lines: draw_lines.draw, plans.Dots: draw_dots.draw, plans.Time: draw_time.draw,
        plans.Stack: draw_anatomy.draw_stack,
        plans.Curve: draw_anatomy.draw_curve}
# Colours that a page chooses, light or dark.
ROLES = {style.INK: "ink", style.QUIET: "quiet", style.GRID: "grid", style.BAD: "bad",
         **{mode.look.colour: f"mode-{modes.slug(name)}" for name, mode in reversed(modes.MODES.items())}}


def drawn(plan, results):
    """[(name, matplotlib figure)]; none if the campaign has no data, or not these figures."""
    runs = results.of(plan.campaign)
    with style.plt.rc_context(style.STYLE):
        made = DRAW[type(plan)](plan, runs) if runs else []
    return [(plan.name if n == 1 else f"{plan.name}-{n}", figure) for n, figure in enumerate(made, 1)]


def write(results, folder, kinds=("svg", "png")):
    """Draws all. Returns lines that say what there is, and what there is not."""
    os.makedirs(folder, exist_ok=True)
    said = []
    for plan in plans.PLANS:
        made = drawn(plan, results)
        if not made:
            said.append(f"{plan.name}: no data of the campaign {plan.campaign}, no figure" if not results.of(plan.campaign)
                        else f"{plan.name}: no run has these figures, no figure")
        for name, figure in made:
            write_one(figure, plan, f"{folder}/{name}", kinds)
            said.append(f"{name}: " + ", ".join(f"{folder}/{name}.{kind}" for kind in kinds))
    return said


def write_one(figure, plan, path, kinds):
    with style.plt.rc_context(style.STYLE):
        style.add_title(figure, f"{plan.campaign}: {plan.title}")
        for kind in kinds:
            about = {"Date": None} if kind == "svg" else None
            figure.savefig(f"{path}.{kind}", format=kind, dpi=130, facecolor="white", metadata=about)
        style.plt.close(figure)


def svg_of(figure):
    text = io.StringIO()
    with style.plt.rc_context(style.STYLE):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        style.plt.close(figure)
    return text.getvalue()


# Marks of one kind: a group of nothing but uses.
MARKS = re.compile(r'<g([^>]*)>\s*((?:<use [^>]* style="[^"]*"/>\s*){3,})</g>')


def said_once(group):
    """The style of marks that all look alike stands at their group."""
    styles = set(re.findall(r' style="([^"]*)"', group[2]))
    if len(styles) != 1 or "style=" in group[1]:
        return group[0]
    return f'<g{group[1]} style="{styles.pop()}">\n' + re.sub(r' style="[^"]*"', "", group[2]) + "</g>"


def rounded(number):
    """A hundredth of a point is enough for a place."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def inline(name, figure, label):
    """SVG to stand in a page: without head and size, with the page's colours and letters, and with names of its own."""
    text = svg_of(figure)
    text = text[text.index("<svg"):]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->\n?\s*", "", text, flags=re.S)
    used = {used: f"{name}-{n}" for n, used in enumerate(dict.fromkeys(re.findall(r'(?:url\(#|xlink:href="#)([\w.-]+)', text)))}
    text = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{used[m[1]]}"' if m[1] in used else "", text)
    text = re.sub(r'(url\(#|xlink:href="#)([\w.-]+)', lambda m: m[1] + used[m[2]], text)
    text = MARKS.sub(said_once, text)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d{3,}", rounded, tag[0]), text)  # a label says what it says
    for colour, role in ROLES.items():
        text = re.sub(rf"(?<=[:\s]){colour}(?=[;\"\s])", f"var(--{role})", text, flags=re.I)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--letters)", text)
    box = re.search(r'viewBox="([^"]+)"', text)[1]
    text = re.sub(r"<svg[^>]*>", f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" role="img" '
                                 f'aria-label="{label}">', text, count=1)
    return re.sub(r"\n\s*", "\n", text).strip()


def digest(svg):
    return hashlib.sha256(svg.encode()).hexdigest()


def all_inline(results):
    """{campaign: [(plan, [svg])]}, in the order of the plans."""
    found = {}
    for plan in plans.PLANS:
        made = [inline(name, figure, plan.title) for name, figure in drawn(plan, results)]
        found.setdefault(plan.campaign, []).append((plan, made))
    return found
