# SPDX-License-Identifier: Apache-2.0
"""Tables of a campaign, as HTML. Each digit in them is in an element that says where it comes from."""

import html

from . import modes
from .text import NOTHING, data

HEADS = {"nf": "function", "octets": "octets", "mbit": "Mbit/s", "flows": "flows", "sessions": "sessions", "traffic_pps": "packets/s beside",
         "new_per_s": "new/s", "pps": "packets/s", "max_revalidator_ms": "revalidator, ms", "bridges": "bridges", "rules": "rules", "case": "case",
         "workers": "workers", "state": "state", "what": "what", "delay_ms": "delay, ms"}


def table(heads, rows):
    """`heads`: HTML; `rows`: [(class, [cells])], each cell with its td."""
    body = "\n".join(f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f'<tr>{"".join(cells)}</tr>' for kind, cells in rows)
    return f'<div class="table" tabindex="0"><table><thead><tr>{"".join(heads)}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def mode_name(name):
    look = modes.look(name)
    shown = "slim once more (A/A)" if name == modes.TWIN else name
    return f'<span class="glyph" style="color: var(--mode-{modes.slug(name)})" aria-hidden="true">{look.glyph}</span> {html.escape(shown)}'


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


def setting_cell(sheet, campaign, key, value):
    value = sheet.setting(key, value, campaign=campaign)
    kind = ' class="name"' if isinstance(value.value, str) else ""
    shown = value.value if isinstance(value.value, str) else f"{value.value:,}"
    return f"<td{kind}>{data(value, shown)}</td>"


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
    more = f"<small>{data(low)} to {data(high)}</small>" if low.value != high.value else ""
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
        return f"<td>{data(ratio)}<small>up to a factor of {data(spread)}</small></td>"
    return f"<td>{data(ratio)}<small>{data(sheet.verdict(name, **where))}</small></td>"


def columns_of(asked, runs):
    """Those of which there is a number."""
    return [column for column in asked.columns if any(run.figure(column[0]) is not None for run in runs)]


def figures_table(sheet, campaign, asked, runs):
    columns, keys = columns_of(asked, runs), list(runs[0].point)
    heads = [f'<th class="{"name" if isinstance(runs[0].point[key], str) else ""}">{HEADS.get(key, key)}</th>' for key in keys]
    heads += ['<th class="name">mode</th>', "<th>runs</th>"]
    heads += [f"<th>{head}<small>{unit}</small></th>" for _, head, unit in columns]
    compared = next((head for figure, head, _ in columns if figure == asked.compare), None)
    if compared:
        heads.append(f"<th>of slim<small>{compared}</small></th>")
    rows = []
    for point in points_of(runs):
        for n, name in enumerate(names_at(runs, point)):
            where = condition(campaign, name, point)
            cells = [setting_cell(sheet, campaign, key, point[key]) for key in keys]
            cells += [f'<td class="name">{mode_name(name)}</td>', runs_cell(sheet, where)]
            cells += [figure_cell(sheet, figure, where, figure == asked.compare) for figure, *_ in columns]
            cells += [ratio_cell(sheet, asked.compare, where)] if compared else []
            rows.append(("first" if n == 0 and rows else "", cells))
    return table(heads, rows)


def reach_table(sheet, campaign, asked, runs):
    """Up to where each mode is good, for each of the other settings."""
    key, figure, limit, head = asked.reach
    keys = [k for k in runs[0].point if k != key]
    facets = list({tuple(run.point[k] for k in keys): None for run in runs})
    names = [name for name in modes.MODES if name != modes.TWIN and any(modes.name_of(run) == name for run in runs)]
    rows = []
    for facet in facets:
        point = dict(zip(keys, facet))
        cells = [setting_cell(sheet, campaign, k, point[k]) for k in keys]
        for name in names:
            value = sheet.reach(key, figure, limit, **condition(campaign, name, point))
            cells.append(f'<td class="none">none</td>' if value.value is None else f"<td>{data(value, f'{value.value:,}')}</td>")
        rows.append(("", cells))
    heads = [f'<th class="{"name" if isinstance(runs[0].point[k], str) else ""}">{HEADS.get(k, k)}</th>' for k in keys]
    heads += [f"<th>{mode_name(name)}<small>{head}</small></th>" for name in names]
    return table(heads, rows)


def failures_table(sheet, runs):
    """Every run that is not complete, with the command that repeats it."""
    heads = ["<th>run</th>", '<th class="name">mode</th>', '<th class="name">result</th>', '<th class="name">why</th>', '<th class="name">command</th>']
    rows = []
    for run in runs:
        rows.append(("", [f"<td>{data(sheet.field('order', run))}</td>", f'<td class="name">{mode_name(modes.name_of(run))}</td>',
                          f'<td class="name">{data(sheet.field("result", run))}</td>', f'<td class="words">{data(sheet.field("reasons", run))}</td>',
                          f'<td class="name"><code>{data(sheet.field("command", run))}</code></td>']))
    return table(heads, rows)


def commands_table(sheet, runs):
    """One command for each point and mode."""
    seen, rows = set(), []
    for run in runs:
        key = (modes.name_of(run), *run.point.values())
        if key not in seen:
            seen.add(key)
            rows.append(("", [f'<td class="name">{mode_name(key[0])}</td>', f'<td class="name"><code>{data(sheet.field("command", run))}</code></td>']))
    return table(['<th class="name">mode</th>', '<th class="name">command</th>'], rows)
