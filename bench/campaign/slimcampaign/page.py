# SPDX-License-Identifier: Apache-2.0
"""One page with everything: method, machine, each campaign with its pictures and tables, and all raw data. It needs nothing
besides itself, and no script to be read."""

import base64
import gzip
import html
import json
import os

from . import figures, leads, modes, opponents, statistics, tables
from .asked import ASKED
from .data import CAMPAIGNS, RESULTS
from .text import data
from .values import Sheet, Value

HERE = os.path.dirname(os.path.realpath(__file__))
COMMIT_DIGITS = 12

METHOD = """
<h3>The load does not wait</h3>
<p>Each packet has a time at which it is due, whatever happened before. A generator that is late adds its lateness to the
latency instead of hiding it, so a system that stands still cannot hide behind a generator that stood still with it.</p>
<h3>A ledger of every packet</h3>
<p>Each packet that was due is accounted for, by flow and direction, in the window in which it was sent: received, lost,
duplicated, reordered or damaged. Loss is exact, because nothing new is sent at the end until everything has arrived.</p>
<h3>A run can be void</h3>
<p>If load that was due was not sent, or nobody was there who could have seen a loss, the run proves nothing. It is
<em>void</em>, neither complete nor failed; its number stands beside the others, and nothing is computed from it. A run in
<em>error</em> had no lab to run in. A <em>refused</em> move was turned down beforehand, with reasons.</p>
<h3>All runs count</h3>
<p>No run is left out and no line is rewritten. Statistics are over all runs that measured a figure, failed ones too; a failed
run has a red cross in a picture: at its value, or at the foot where it has none. In a picture each faint dot is a run, and
lines go through medians. In a table the large number is the median; under it stand the least and the most, and of the figure
that modes are compared by the mean with its {confidence} % confidence interval (Student's t).</p>
<h3>slim is compared with itself first</h3>
<p>Two runs of the same program at the same point differ. So slim runs once more, in turns with the others: the A/A row. The
largest factor between a run and its twin is what the machine does by itself, and a ratio of two modes within it is called
<em>{no_difference}</em>, whatever it looks like. A point without a twin is judged by the A/A row of its whole campaign.</p>
"""

RAW_SCRIPT = """
const raw = document.getElementById("raw"), list = document.getElementById("raw-files");
if (raw && list && "DecompressionStream" in window) {
  const bytes = Uint8Array.from(atob(JSON.parse(raw.textContent)), c => c.charCodeAt());
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json().then(files => {
    for (const [name, text] of Object.entries(files)) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text])); link.download = link.textContent = name;
      list.append(link, " ");
    }
  });
}
"""


def constant(name, value, shown=None):
    return data(Value(value, f"constant {name}"), shown)


def style_sheet():
    """The page's, and the colours of the modes, light and dark."""
    with open(f"{HERE}/page.css", encoding="utf-8") as f:
        text = f.read()

    def roles(shade):
        return " ".join(f"--mode-{modes.slug(name)}: {getattr(mode.look, shade)};" for name, mode in modes.MODES.items())

    return (f":root {{ {roles('colour')} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {roles('dark')} }} }}\n{text}")


def pack(texts):
    """The raw data as they stand in the page. The same data give the same text."""
    packed = gzip.compress(json.dumps(texts, sort_keys=True).encode(), mtime=0)
    return json.dumps(base64.b64encode(packed).decode())


def contents(results):
    items = [("method", "Method"), ("modes", "Modes"), ("machine", "Machine")]
    items += [(name, ASKED[name].title) for name in results.campaigns()]
    items.append(("raw-data", "Raw data"))
    lines = "\n".join(f'<li><a href="#{name}">{html.escape(title, quote=False)}</a></li>' for name, title in items)
    return f'<nav aria-label="Contents"><ol>\n{lines}\n</ol></nav>'


def head(results, sheet):
    first, last = sheet.date("least"), sheet.date("most")
    days = data(first) if first.value == last.value else f"{data(first)} to {data(last)}"
    return (f'<header><h1>What does it cost to move a network function?</h1>\n<p class="lede">{data(sheet.count())} runs in '
            f"{len_words(len(results.campaigns()))} of slim and of what else could be done, measured on {days}. "
            f"Each number on this page says where it comes from: point at it. All raw data are in the page, and "
            f"<code>bench/check</code> computes every number anew.</p></header>")


def commits(runs, sheet):
    """Which programs were measured."""
    first = {}
    for run in runs:
        first.setdefault((run.commit, run.dirty), run)
    return ", ".join(f"<code>{data(sheet.field('commit', run), run.commit[:COMMIT_DIGITS])}</code>"
                     + (" (changed)" if run.dirty else "") for run in first.values() if run.commit)


def len_words(count):
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
    return f"{words[count]} campaign{'s' * (count != 1)}"


def notes(results):
    said = []
    for name, line in results.cut.items():
        said.append(f'<p class="note"><code>{html.escape(name)}</code>: its last line ({data(Value(line, f"cut {name}"))}) is '
                    f'cut. The run that wrote it was '
                    "interrupted, and is left out.</p>")
    missing = [name for name in CAMPAIGNS if name not in results.campaigns()]
    if missing:
        said.append(f'<p class="note">Not measured, so without a figure here: {", ".join(missing)}.</p>')
    return "\n".join(said)


def mode_item(name, allowed, loses):
    """`allowed`, `loses`: HTML, or empty."""
    mode = modes.MODES[name]
    more = [f"Of slim it may use {allowed}."] if allowed else []
    more += [f"By design it loses {loses}."] if loses else []
    texts = [html.escape(mode.what, quote=False), html.escape(mode.fair, quote=False), " ".join(more)]
    said = "".join(f"<dd>{text}</dd>" for text in texts if text)
    return f"<dt>{tables.mode_name(name)}</dt>{said}"


def mode_list(results):
    have = [name for name in modes.MODES if any(modes.name_of(run) == name for run in results.runs)]
    rows = opponents.rows()
    items = "\n".join(mode_item(name, *rows.get(name, ("", ""))) for name in have)
    return ('<section id="modes"><h2>Modes</h2>\n<p>A mode is a way to move the same network function on the same lab. Each is '
            "as good as we can make it: the same programs, the same switch, the same load, the same judge.</p>\n"
            f'<dl class="modes">\n{items}\n</dl>\n<p>More of how each is made, and of what limits it: '
            "<code>bench/baselines/README.md</code>.</p></section>")


MACHINE_WORDS = {"cpu": "processor", "cores": "cores", "memory_mb": "memory, MB", "kernel": "kernel", "os": "system",
                 "dpdk": "DPDK", "ovs": "Open vSwitch", "compiler": "compiler"}


def machine_list(results, sheet):
    parts = []
    for key in dict.fromkeys(run.machine for run in results.runs):
        facts = "".join(f"<dt>{html.escape(MACHINE_WORDS.get(field, field))}</dt><dd>{data(sheet.machine(key, field))}</dd>"
                        for field, value in results.machines[key].items() if isinstance(value, (str, int, float)))
        facts += f"<dt>runs here</dt><dd>{data(sheet.count(machine=key))}</dd>"
        facts += f"<dt>commit</dt><dd>{commits(sheet.runs(machine=key), sheet)}</dd>"
        parts.append(f'<dl class="facts">{facts}</dl>')
    return ('<section id="machine"><h2>Machine</h2>\n<p>Switch, both network functions, generator and daemons share it. Ratios '
            'travel to other machines, absolute '
            f"numbers do not.</p>\n{''.join(parts)}</section>")


def counts(sheet, campaign):
    """How many runs, and what became of them."""
    parts = []
    for result in RESULTS:
        count = sheet.count(campaign=campaign, result=result)
        if count.value:
            kind = ' class="bad"' if result in ("failed", "void", "error") else ""
            parts.append(f"<span{kind}>{data(count)} {result}</span>")
    total, seconds = data(sheet.count(campaign=campaign)), data(sheet.total("seconds", campaign=campaign))
    return f'<p class="counts">{total} runs: {", ".join(parts)}; {seconds} s in all.</p>'


def void_words(sheet, campaign):
    """What a caption says of runs that are not drawn."""
    void = sheet.count(campaign=campaign, result="void")
    if not void.value:
        return ""
    what = "run says nothing and is not drawn" if void.value == 1 else "runs say nothing and are not drawn"
    return f" {data(void)} void {what}."


def pictures(plan, svgs, sheet):
    if not svgs:
        return f'<p class="counts">{html.escape(plan.title, quote=False)}: no run has these figures, so there is no picture.</p>'
    told = void_words(sheet, plan.campaign)
    parts = []
    for n, svg in enumerate(svgs):
        text = f"<b>{html.escape(plan.title, quote=False)}.</b> {html.escape(plan.caption, quote=False)}{told}"
        caption = f"<figcaption>{text}</figcaption>\n" if n == len(svgs) - 1 else ""
        parts.append(f'<figure data-sha256="{figures.digest(svg)}">\n{svg}\n{caption}</figure>')
    return "\n".join(parts)


def campaign_section(results, sheet, campaign, drawn):
    asked, runs = ASKED[campaign], results.of(campaign)
    lead = leads.LEADS[campaign](sheet, runs)
    parts = [f'<section id="{campaign}"><h2>{html.escape(asked.title, quote=False)}</h2>',
             f'<p class="question">{html.escape(asked.question, quote=False)}</p>',
             f'<p class="lead">{lead}</p>' if lead else "", f"<p>{html.escape(asked.how, quote=False)}</p>",
             counts(sheet, campaign)]
    parts += [pictures(plan, svgs, sheet) for plan, svgs in drawn]
    if asked.reach:
        parts += [f"<h3>Up to where every run is complete, {html.escape(asked.reach[3], quote=False)}</h3>",
                  tables.reach_table(sheet, campaign, asked, runs)]
    parts += ["<h3>Numbers</h3>", tables.figures_table(sheet, campaign, asked, runs)]
    bad = [run for run in runs if run.result != "complete"]
    if bad:
        parts.append(f"<details><summary>Runs that are not complete, and "
                     f"why</summary>{tables.failures_table(sheet, bad)}</details>")
    parts.append(f"<details><summary>Repeat a point of it</summary>{tables.commands_table(sheet, runs)}</details>")
    parts += ["<p>Repeat it:</p>", f"<pre><code>bench/run {campaign}</code></pre>", "</section>"]
    return "\n".join(part for part in parts if part)


def raw_section(results):
    return ('<section id="raw-data"><h2>Raw data</h2>\n<p>All lines that the runner wrote are in this page, compressed. <span '
            'id="raw-files"></span></p>\n'
            "<pre><code>bench/check PAGE.html --extract FOLDER    # writes them out\n"
            "bench/check PAGE.html                     # computes every number of the page from them\n"
            "bench/check PAGE.html --results FOLDER    # and compares them with a folder's</code></pre>\n"
            f'<script type="application/json" id="raw" data-encoding="gzip+base64">{pack(results.texts)}</script>\n</section>')


def make(results, drawn=None):
    """The page's text. `drawn`: the pictures of each campaign; None: they are drawn here."""
    sheet = Sheet(results)
    drawn = figures.all_inline(results) if drawn is None else drawn
    method = METHOD.format(confidence=constant("confidence_percent", round(statistics.CONFIDENCE * 100)),
                           no_difference=statistics.NO_DIFFERENCE)
    sections = [head(results, sheet), notes(results), f'<section id="method"><h2>Method</h2>{method}</section>',
                mode_list(results),
                machine_list(results, sheet)]
    sections += [campaign_section(results, sheet, name, drawn.get(name, [])) for name in results.campaigns()]
    sections.append(raw_section(results))
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
            f'content="width=device-width, initial-scale=1">\n'
            f'<meta name="color-scheme" content="light dark">\n<title>slim: what a move '
            f'costs</title>\n<style>\n{style_sheet()}</style>\n</head>\n<body>\n'
            f'<div class="frame">\n{contents(results)}\n<main>\n' + "\n".join(sections)
            + f"\n</main>\n</div>\n<script>{RAW_SCRIPT}</script>\n</body>\n</html>\n")
