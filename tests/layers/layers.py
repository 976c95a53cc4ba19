#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the layers: who may include whom, and what the agent's library shows and uses.

Ranks, from the bottom: proto and base; the pure cores and the agent; I/O and main loops; main.c; in a network function
config, wire, table, path, control and its program. A file includes its own folder and lower ranks only, and no two files (nor two modules) use each other in a
circle. Prints TAP.

    layers.py SOURCE_ROOT BUILD_ROOT
"""

import glob
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import duplicates  # noqa: E402
import lines  # noqa: E402

# Headers that bring neither clock, thread, file, socket nor log.
PURE_SYSTEM = {
    "assert.h", "ctype.h", "endian.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h",
    "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "stdnoreturn.h", "string.h", "strings.h", "sys/types.h",
}
CODEC = {"protobuf-c/protobuf-c.h", "xxhash.h", "lz4.h"}

# For each folder: the project folders it may include besides itself, and its rule for system
# headers, either `only` (a list) or `never` (patterns). The longest matching folder decides.
RULES = {
    "proto": {"uses": [], "only": PURE_SYSTEM | CODEC},
    "slimd/core": {"uses": ["proto"], "only": PURE_SYSTEM | CODEC},
    "ofctl/core": {"uses": ["proto"], "only": PURE_SYSTEM | CODEC},
    "bench/judge": {"uses": ["proto"], "only": PURE_SYSTEM},
    "agent": {"uses": ["proto"],
              "never": [r"^event2/", r"^grpc", r"protobuf", r"^pthread\.h$", r"^threads\.h$",
                        r"^signal\.h$", r"^sys/signalfd", r"^syslog\.h$", r"^rte_log\.h$",
                        r"^rte_debug\.h$"]},
    "base": {"uses": [], "never": [r"^rte_"]},
    "slimd/shm": {"uses": ["proto", "base"], "never": [r"^rte_"]},
    "slimd/outside": {"uses": ["proto", "base"], "never": [r"^rte_"]},
    "slimd/peer": {"uses": ["proto", "base", "slimd/core", "slimd/outside"], "never": [r"^rte_"]},
    "slimd/move": {"uses": ["proto", "base", "slimd/core", "slimd/outside", "slimd/shm", "slimd/peer"],
                   "never": [r"^rte_"]},
    "slimd/api": {"uses": ["proto", "base", "slimd/core", "slimd/outside", "slimd/shm", "slimd/peer",
                           "slimd/move"],
                  "never": [r"^rte_"]},
    "slimd/ctl": {"uses": ["proto", "base"], "never": [r"^rte_"]},
    "slimd": {"uses": ["proto", "base", "slimd/core", "slimd/outside", "slimd/shm", "slimd/peer", "slimd/move",
                       "slimd/api"], "never": [r"^rte_"]},
    "ofctl/io": {"uses": ["proto", "ofctl/core", "base"], "never": [r"^rte_"]},
    "ofctl": {"uses": ["proto", "ofctl/core", "ofctl/io", "base"], "never": [r"^rte_"]},
    # Its subscribers speak PPPoE by the packets of what they test, and by nothing else of it.
    "bench/gen": {"uses": ["bench/judge", "bench/common", "proto", "base", "nfs/pppoe/wire"],
                  "never": [r"^event2/", r"^grpc", r"protobuf", r"^slim\.h$", r"^slim_shm\.h$"]},
    # An NF, its agent and slimd's reader in one process.
    "bench/loop": {"uses": ["proto", "agent", "nfs", "slimd/shm"],
                   "never": [r"^event2/", r"^grpc", r"protobuf"]},
    # A program of its own, which knows nothing of what goes through it.
    "bench/link": {"uses": ["base"], "never": [r"^rte_", r"^grpc", r"protobuf"]},
    # An opponent that steers the switch as slim-ofctld does, with its library.
    "bench/baselines/buffer": {"uses": ["proto", "base", "ofctl/core", "ofctl/io"], "never": [r"^rte_", r"^grpc", r"protobuf"]},
    # A header that network functions are built with.
    "bench/baselines/per_packet": {"uses": ["proto", "agent", "nfs/common"], "never": [r"^event2/", r"^grpc", r"protobuf"]},
    # Network functions with a look at each burst in front.
    "bench/baselines/duplicate": {"uses": ["proto", "agent", "nfs"], "never": [r"^event2/", r"^grpc", r"protobuf"]},
    "bench": {"uses": ["bench/judge", "bench/common", "bench/gen", "bench/verdict", "proto", "agent"],
              "never": [r"^event2/", r"^grpc"]},
}

NF_NEVER = [r"^event2/", r"^grpc", r"protobuf"]
# The folders of nfs/common, and those of a network function, from below: each may use what stands before it.
FRAME = ["config", "wire", "table", "control", "path"]
FUNCTION = ["config", "wire", "table", "path", "control"]


def add_ranks(top, parts, below):
    for n, part in enumerate(parts):
        RULES[f"{top}/{part}"] = {"uses": [*below, *(f"{top}/{lower}" for lower in parts[:n])], "never": NF_NEVER}
    RULES[top] = {"uses": below, "never": NF_NEVER}


add_ranks("nfs/common", FRAME, ["proto", "base", "agent"])
add_ranks("nfs/nat", FUNCTION, ["proto", "base", "agent", "nfs/common"])
add_ranks("nfs/gateway", FUNCTION, ["proto", "base", "agent", "nfs/common"])
add_ranks("nfs/pppoe", FUNCTION, ["proto", "base", "agent", "nfs/common"])
RULES["nfs"] = {"uses": ["proto", "base", "agent", "nfs/common"], "never": NF_NEVER}

# What the agent must not call in the NF's process. (__rte_panic is not here: DPDK's own inline
# functions of mbufs and mempools hold an RTE_VERIFY.)
AGENT_NEVER_CALLS = {
    "abort", "exit", "_exit", "printf", "fprintf", "vfprintf", "puts", "perror", "syslog",
    "rte_exit", "rte_log", "rte_vlog", "pthread_create", "thrd_create", "signal",
    "sigaction", "fork", "system", "__assert_fail", "__printf_chk", "__fprintf_chk", "sleep", "usleep",
    "nanosleep",
}
AGENT_MAX_FUNCTIONS = 15

# Who asks which port the kernel chose, and keeps the socket. A number without its socket belongs to the next who
# asks: tests take theirs from slimd/peer/test_port.h.
ASKS_FOR_A_PORT = {"base/exporter.c", "bench/link/tcp.c", "nfs/pppoe/test/radius_client_test.c", "slimd/outside/link_test.c", "slimd/peer/slow_link.c",
                   "slimd/peer/test_port.c"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def check(self, name, problems):
        self.n += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.n} - {name}")
        for problem in problems:
            print(f"#   {problem}")


def rule_of(path):
    folder = os.path.dirname(path)
    while folder:
        if folder in RULES:
            return folder
        folder = os.path.dirname(folder)
    return None


TOPS = ("proto", "base", "agent", "slimd", "ofctl", "nfs", "bench")


def c_files(root, tops):
    """Their paths below the root."""
    found = []
    for top in tops:
        for folder, _, names in os.walk(f"{root}/{top}"):
            found += [os.path.relpath(f"{folder}/{name}", root) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def sources(root):
    """Every C file of the project, tests beside the code left out: a test may use what it likes."""
    return [path for path in c_files(root, TOPS) if not re.search(r"_(test|bench|fuzz)\.[ch]$", path)]


def resolve(name, includer, headers):
    """The project's file that an include names, or None for a system header."""
    if re.fullmatch(r"slim_(peer|ctl)\.pb-c\.h|slim_version\.h", name):
        return "proto/" + name
    here = os.path.normpath(f"{os.path.dirname(includer)}/{name}")
    if here in headers:
        return here
    matches = [h for h in headers if h == name or h.endswith("/" + name)]
    allowed = [h for h in matches if may_include(includer, h)]
    return (allowed or matches or [None])[0]


def may_include(includer, included):
    rule = rule_of(includer)
    mine = os.path.dirname(included)
    if mine == os.path.dirname(includer) or mine.startswith(rule + "/") or mine == rule:
        return True
    return any(mine == use or mine.startswith(use + "/") for use in RULES[rule]["uses"])


def includes_of(path, text, headers):
    """The project's files that a file includes."""
    for _, name in INCLUDE.findall(text):
        target = resolve(name, path, headers)
        if target in headers:
            yield target


def circles(graph):
    """Groups of files that include each other, directly or by way of others: the strongly connected
    parts of the graph {file: set of files} with more than one file (Tarjan's algorithm)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            group = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(group) > 1 or node in graph.get(node, ()):
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def noun_of(path):
    """A source file and its header are one noun: x.c and x.h."""
    return path.rpartition(".")[0]


def check_circles(tap, root, files, headers):
    by_file, by_noun = {}, {}
    for path in files:
        with open(f"{root}/{path}", encoding="utf-8") as f:
            for target in includes_of(path, f.read(), headers):
                by_file.setdefault(path, set()).add(target)
                if noun_of(target) != noun_of(path):
                    by_noun.setdefault(noun_of(path), set()).add(noun_of(target))
    tap.check("no two files include each other in a circle",
              [" <-> ".join(group) for group in circles(by_file)])
    tap.check("no two modules (x.c with x.h) use each other in a circle",
              [" <-> ".join(group) for group in circles(by_noun)])


# Here every file is a module of its own. slimd/move, ofctl/core and ofctl/io have modules that are several files.
NO_CALLS_IN_A_CIRCLE = ("agent", "base", "nfs", "bench")


def objects_of(build):
    """What the build makes; there may be leftovers of files that are gone."""
    with open(f"{build}/compile_commands.json", encoding="utf-8") as f:
        known = {command["output"] for command in json.load(f)}
    return [f"{build}/{path}" for path in sorted(known)
            if path.startswith(tuple(f"{top}/" for top in NO_CALLS_IN_A_CIRCLE))
            and not path.endswith(("_test.c.o", ".pb-c.c.o")) and os.path.exists(f"{build}/{path}")]


def calls_of(build, objects):
    """{file: files whose functions or data it uses}. A name that several files define is
    nobody's: of tests' doubles, and of the same NF in several programs."""
    out = subprocess.run(["nm", "-g", "-A", *objects], capture_output=True, text=True, check=True).stdout
    defined, used = {}, {}
    for line in out.splitlines():
        path, _, words = line.rpartition(":")
        kind, name = words.split()[-2:]
        (used if kind in "Uwv" else defined).setdefault(name, set()).add(os.path.relpath(path, build))
    graph = {}
    for name, users in used.items():
        if len(defined.get(name, ())) == 1:
            for user in users - defined[name]:
                graph.setdefault(user, set()).update(defined[name])
    return graph


def check_calls(tap, build):
    objects = objects_of(build)
    tap.check("the build has objects", [] if objects else [f"none in {build}"])
    graph = calls_of(build, objects)
    tap.check(f"no two files of {', '.join(NO_CALLS_IN_A_CIRCLE)} call each other in a circle",
              [" <-> ".join(group) for group in circles(graph)])


# What two NFs share belongs into nfs/common: between them no places of so many lines are the same.
SHARED = 21
PAIRS = (("nfs/nat", "nfs/gateway"), ("nfs/nat", "nfs/pppoe"), ("nfs/gateway", "nfs/pppoe"),
         ("bench/loop/nat.c", "bench/loop/gateway.c"),
         ("tests/fuzz/nat_packet_fuzz.c", "tests/fuzz/gtpu_packet_fuzz.c"))


def check_duplicates(tap, root):
    found = [pair for one, other in PAIRS for pair in duplicates.pairs(f"{root}/{one}", f"{root}/{other}", SHARED)]
    tap.check(f"network functions have no {SHARED} lines in common", [f"{n} lines: {places}" for n, places in found])
    for folder, code, tests in lines.table(root):
        print(f"# {folder}: {code} lines, and {tests} of tests")


def problems_of(path, text, headers):
    rule = RULES[rule_of(path)]
    for quote, name in INCLUDE.findall(text):
        target = resolve(name, path, headers)
        if target:
            if not may_include(path, target):
                yield f"{path} includes {target}"
            continue
        if name.startswith("slim_") and quote == '"':
            yield f"{path} includes {name}, which is nowhere"
        elif "only" in rule and name not in rule["only"]:
            yield f"{path} includes <{name}>"
        elif any(re.search(p, name) for p in rule.get("never", ())):
            yield f"{path} includes <{name}>"


def check_includes(tap, root):
    files = sources(root)
    headers = {f for f in files if f.endswith(".h")}
    by_rule = {}
    for path in files:
        with open(f"{root}/{path}", encoding="utf-8") as f:
            text = f.read()
        by_rule.setdefault(rule_of(path), []).extend(problems_of(path, text, headers))
    for rule, problems in sorted(by_rule.items()):
        tap.check(f"{rule}/ includes its own folder and lower ranks only", problems)
    check_circles(tap, root, files, headers)
    with_spdx = []
    for path in files:
        with open(f"{root}/{path}", encoding="utf-8") as f:
            if "SPDX-License-Identifier: Apache-2.0" not in f.readline():
                with_spdx.append(path)
    tap.check("every C file begins with its licence", with_spdx)


def symbols(library, *options):
    out = subprocess.run(["nm", "-D", *options, library], capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in out.stdout.splitlines()}


def check_agent(tap, root, build):
    libraries = [p for p in glob.glob(f"{build}/agent/libslim*.so*") if not os.path.islink(p)
                 and not p.endswith(".symbols") and os.path.isfile(p)]
    if not libraries:
        tap.check("the agent is a shared library", [f"no libslim*.so in {build}/agent"])
        return
    exported = {s for s in symbols(libraries[0], "--defined-only")
                if not s.startswith(("__asan", "__odr_asan", "__tsan", "__ubsan"))}
    tap.check("the agent's library exports slim_* only",
              sorted(s for s in exported if not s.startswith("slim_")))
    called = symbols(libraries[0], "--undefined-only")
    tap.check("the agent calls nothing that logs, ends the process, sleeps or starts a thread",
              sorted(called & AGENT_NEVER_CALLS))
    api = declared_functions(f"{root}/agent/slim.h")
    tap.check(f"slim.h declares 1 to {AGENT_MAX_FUNCTIONS} functions",
              sorted(api) if not 0 < len(api) <= AGENT_MAX_FUNCTIONS else [])
    tap.check("the library has all that slim.h declares", sorted(api - exported))
    slow_paths = declared_functions(f"{root}/agent/slim_inline.h")
    tap.check("the library exports the API, and slow paths of its inline functions, and no more",
              sorted(exported - api - slow_paths))


def declared_functions(path):
    """Names of the functions that a header declares without defining them."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return set(re.findall(r"^[a-z][\w\s\*]*?\b(slim_\w+)\s*\([^;{]*\)\s*;", text, re.M))


def check_text(tap, root):
    """Words that must not stand in the project: unfinished work."""
    found = []
    for path in sources(root):
        with open(f"{root}/{path}", encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                    found.append(f"{path}:{number}: {line.strip()}")
    tap.check("nothing is marked as unfinished", found)


def check_ports(tap, root):
    found = set()
    for path in c_files(root, (*TOPS, "tests")):
        with open(f"{root}/{path}", encoding="utf-8") as f:
            if "getsockname(" in f.read():
                found.add(path)
    tap.check("a port that the kernel chose is known to who keeps its socket, and to nobody else",
              sorted(found ^ ASKS_FOR_A_PORT))


def main():
    root, build = sys.argv[1:3]
    tap = Tap()
    check_includes(tap, root)
    check_calls(tap, build)
    check_duplicates(tap, root)
    check_agent(tap, root, build)
    check_text(tap, root)
    check_ports(tap, root)
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
