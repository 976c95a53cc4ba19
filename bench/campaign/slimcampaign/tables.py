# SPDX-License-Identifier: Apache-2.0
"""Tables of a campaign, as HTML. Each digit in them is in an element that says where it comes from."""

import html

from . import modes
from .text import NOTHING, data, number

HEADS = {"nf": "function", "octets": "octets", "mbit": "Mbit/s", "flows": "flows", "sessions": "sessions",
         "traffic_pps": "packets/s beside",
         "new_per_s": "new/s", "pps": "packets/s", "max_revalidator_ms": "revalidator, ms", "bridges": "bridges",
         "rules": "rules", "case": "case",
         "workers": "workers", "state": "state", "what": "what", "delay_ms": "delay, ms",
         "moves": "moves", "timed_runs": "timed runs", "counted": "packets counted"}


def table(heads, rows):
    """`heads`: HTML; `rows`: [(class, [cells])], each cell with its td."""
    body = "\n".join(f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f'<tr>{"".join(cells)}</tr>' for kind,
                     cells in rows)
    head = f'<thead><tr>{"".join(heads)}</tr></thead>'
    return f'<div class="table" tabindex="0"><table>{head}\n<tbody>\n{body}\n</tbody></table></div>'


def mode_name(name):
    look = modes.look(name)
    shown = "slim once more (A/A)" if name == modes.TWIN else name
    colour = f"color: var(--mode-{modes.slug(name)})"
    return f'<span class="glyph" style="{colour}" aria-hidden="true">{look.glyph}</span> {html.escape(shown)}'


def condition(campaign, name, point):
    """The words that choose the runs of a row."""
    twin = name == modes.TWIN
    return {"campaign": campaign, "mode": "slim" if twin else name, "twin": twin, **point}


def points_of(runs):
    found = []
    for run in runs:
        if run.point not in found:
            found.append(run.point)
    return found


def names_at(runs, point):
    have = {modes.name_of(run) for run in runs if run.point == point}
    return [name for name in modes.MODES if name in have]


def setting(sheet, campaign, key, value):
    return data(sheet.setting(key, value, campaign=campaign), value if isinstance(value, str) else f"{value:,}")


def setting_cell(sheet, campaign, key, value, rows=1):
    """`rows`: how many it stands for."""
    kind = ' class="name"' if isinstance(value, str) else ""
    span = f' rowspan="{rows}"' if rows > 1 else ""
    return f"<td{kind}{span}>{setting(sheet, campaign, key, value)}</td>"


def same_everywhere(sheet, campaign, points):
    """The settings that do not vary, in a line; (the line, the keys that vary)."""
    varying = [key for key in points[0] if len({point[key] for point in points}) > 1]
    same = [f"{HEADS.get(key, key)} {setting(sheet, campaign, key, points[0][key])}" for key in points[0] if key not in varying]
    return f'<p class="counts">In all rows: {", ".join(same)}.</p>\n' if same else "", varying


def runs_cell(sheet, where):
    """How many there are, and how many of them are not what they should be."""
    bad = []
    for result in ("failed", "refused", "void", "error"):
        count = sheet.count(**where, result=result)
        if count.value:
            bad.append(f'<small class="bad">{data(count)} {result}</small>')
    return f"<td>{data(sheet.count(**where))}{''.join(bad)}</td>"


def figure_cell(sheet, figure, where, with_mean):
    """Median; under it the least and the most, and where it matters the mean with its interval."""
    middle, low, high = (sheet.stat(name, f"figures.{figure}", **where) for name in ("median", "least", "most"))
    if middle.value is None:
        return f'<td class="none">{NOTHING}</td>'
    more = f"<small>{data(low)} to {data(high)}</small>" if number(low.value) != number(high.value) else ""
    if with_mean:
        half = sheet.stat("interval", f"figures.{figure}", **where)
        if half.value:
            more += f"<small>mean {data(sheet.stat('mean', f'figures.{figure}', **where))} ± {data(half)}</small>"
    return f"<td>{data(middle)}{more}</td>"


def ratio_cell(sheet, figure, where):
    """Against slim at the same point, and whether that is a difference; of slim's twin, by how much the two differ."""
    name = f"figures.{figure}"
    ratio = sheet.ratio(name, **where)
    if ratio.value is None or where["mode"] == "slim" and not where["twin"]:
        return f'<td class="none">{NOTHING}</td>'
    if where["twin"]:
        point = {key: value for key, value in where.items() if key not in ("mode", "twin")}
        spread = sheet.spread(name, **point)
        return f"<td>{data(ratio)}<small>spread {data(spread)}</small></td>"
    return f"<td>{data(ratio)}<small>{data(sheet.verdict(name, **where))}</small></td>"


def columns_of(asked, runs):
    """Those of which there is a number."""
    return [column for column in asked.columns if any(run.figure(column[0]) is not None for run in runs)]


def setting_heads(keys, point):
    return [f'<th class="{"name" if isinstance(point[key], str) else ""}">{HEADS.get(key, key)}</th>' for key in keys]


def figures_table(sheet, campaign, asked, runs):
    """A row for each mode at each point."""
    columns, points = columns_of(asked, runs), points_of(runs)
    line, keys = same_everywhere(sheet, campaign, points)
    compared = next((head for figure, head, _ in columns if figure == asked.compare), None)
    if all(modes.name_of(run) == "slim" for run in runs):
        compared = None  # there is nothing beside it
    heads = setting_heads(keys, points[0]) + ['<th class="name">mode</th>', "<th>runs</th>"]
    heads += [f"<th>of slim<small>{compared}</small></th>"] if compared else []
    heads += [f"<th>{head}<small>{unit}</small></th>" for _, head, unit in columns]
    rows = []
    for point in points:
        names = names_at(runs, point)
        for n, name in enumerate(names):
            where = condition(campaign, name, point)
            cells = [setting_cell(sheet, campaign, key, point[key], len(names)) for key in keys] if n == 0 else []
            cells += [f'<td class="name">{mode_name(name)}</td>', runs_cell(sheet, where)]
            cells += [ratio_cell(sheet, asked.compare, where)] if compared else []
            cells += [figure_cell(sheet, figure, where, figure == asked.compare) for figure, *_ in columns]
            rows.append(("first" if n == 0 and rows else "", cells))
    return line + table(heads, rows)


def reach_table(sheet, campaign, asked, runs):
    """Up to where each mode is good, for each of the other settings."""
    key, figure, limit, _ = asked.reach
    keys = [k for k in runs[0].point if k != key]
    facets = list({tuple(run.point[k] for k in keys): None for run in runs})
    names = [name for name in modes.MODES if name != modes.TWIN and any(modes.name_of(run) == name for run in runs)]
    rows = []
    for facet in facets:
        point = dict(zip(keys, facet))
        cells = [setting_cell(sheet, campaign, k, point[k]) for k in keys]
        for name in names:
            value = sheet.reach(key, figure, limit, **condition(campaign, name, point))
            cells.append('<td class="none">none</td>' if value.value is None else f"<td>{data(value, f'{value.value:,}')}</td>")
        rows.append(("", cells))
    heads = setting_heads(keys, runs[0].point) + [f"<th>{mode_name(name)}</th>" for name in names]
    return table(heads, rows)


def failures_table(sheet, runs):
    """What is not complete, at which point and in which mode; of the first such run why, and the command that repeats it."""
    groups = {}
    for run in runs:
        groups.setdefault((modes.name_of(run), run.result, *run.point.values()), []).append(run)
    rows = []
    for (name, result, *_), of_group in groups.items():
        first = of_group[0]
        count = sheet.count(**condition(first.campaign, name, first.point), result=result)
        rows.append(("", [f'<td class="name">{mode_name(name)}</td>', f"<td>{data(count)} {result}</td>",
                          f'<td class="words">{data(sheet.field("reasons", first))}</td>',
                          f'<td class="name"><code>{data(sheet.field("command", first))}</code></td>']))
    return table(['<th class="name">mode</th>', "<th>runs</th>", '<th class="name">why<small>of the first</small></th>',
                  '<th class="name">command</th>'], rows)


def commands_table(sheet, runs):
    """One command for each point and mode."""
    seen, rows = set(), []
    for run in runs:
        key = (modes.name_of(run), *run.point.values())
        if key not in seen:
            seen.add(key)
            rows.append(("", [f'<td class="name">{mode_name(key[0])}</td>',
                              f'<td class="name"><code>{data(sheet.field("command", run))}</code></td>']))
    return table(['<th class="name">mode</th>', '<th class="name">command</th>'], rows)
