#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The verdict says complete only when everything is; each thing wrong turns it. And the command."""

import contextlib
import copy
import io
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from slimreport import disturbance, main, table, verdict, void, windows  # noqa: E402

CLEAN = {"sent": 1000, "received": 1000, "lost": 0, "duplicated": 0, "reordered": 0, "mistranslated": 0,
         "wrong_cell": 0, "max_gap_us": 2100.5}
KEYS = {"result", "moves", "ledger", "control", "latency_us", "noise_ms_per_s", "tcp", "ping", "reasons"}
MOVE_KEYS = {"from", "to", "result", "entries", "snapshot_bytes", "delta_bytes", "duration_ms",
             "handover_us", "hold_us_p50", "hold_us_max", "held_packets", "flush_wait_us_p50",
             "flush_wait_us_max", "flush_rounds", "redirected_packets", "prepare_ms", "steer_ms", "disturbed_ms",
             "digest_source", "digest_target"}


def window(name, start, judged=True, bins=((100000, 90), (200000, 10)), **counts):
    empty = [[1000, 1]]
    return {"name": name, "judged": judged, "start_ns": start * 10**9, "end_ns": (start + 1) * 10**9,
            "sum": {**CLEAN, **counts}, "hist": {"rtt": [list(b) for b in bins], "up": empty, "down": empty}}


def a_gen(*more):
    n = 100
    series = {"start_ns": 0, "bin_ns": 10**7, "truncated": False, "sent": [40] * n, "received": [40] * n,
              "lost": [0] * n, "latency_p50_us": [90.0] * n, "latency_max_us": [300.0] * n,
              "rtt_p50_us": [180.0] * n, "rtt_max_us": [500.0] * n}
    return {"tool": "slim-gen", "state": "done", "void": [], "ready_ns": 2 * 10**8, "total": dict(CLEAN), "series": series,
            "windows": [window("ramp", -1, judged=False, lost=7), window("run", 0), window("before", 1),
                        window("move-1", 2, bins=((300000, 1),)), window("move-2", 3, max_gap_us=3000.0),
                        window("after", 4), window("control", 5), *more]}


def a_job(**changes):
    result = {"entries": 100000, "snapshot_bytes": 5000000, "delta_bytes": 7000, "duration_ns": 2500000000,
              "handover_ns": 450000, "hold_p50_ns": 200000, "hold_max_ns": 440000, "held_packets": 18,
              "hold_overflow": 0, "flush_wait_p50_ns": 150000, "flush_wait_max_ns": 160000,
              "flush_rounds": 12, "queued_packets": 30, "queue_overflow": 0, "redirected_packets": 900,
              "digest_source": "0123abcd", "digest_target": "0123abcd",
              "digest_proof": "0123abcd"}
    job = {"id": "7", "nf": "nat-a", "to_host": "b", "to_nf": "nat-b", "state": "complete", "reasons": [],
           "elapsed_ns": 35 * 10**7, "result": result,
           "phases": [{"phase": p, "unix_ns": 0, "monotonic_ns": at * 10**6} for p, at in
                      (("prepare", 250), ("copy", 300), ("handover", 400), ("steer", 500), ("done", 600))]}
    for key, value in changes.items():
        (job if key in job else result)[key] = value
    return job


def judge(gen=None, jobs=None, tcp=None, ping=None, expect=2):
    return verdict.judge(gen or a_gen(), jobs if jobs is not None else [a_job(), a_job()],
                         tcp or {"bytes": 5, "retransmits": 3, "connections_broken": 0},
                         ping or {"sent": 40, "lost": 0}, expect)


class Verdict(unittest.TestCase):
    def test_a_perfect_run_is_complete(self):
        v = judge()
        self.assertEqual((v["result"], v["reasons"]), ("complete", []))
        self.assertEqual(set(v), KEYS)
        self.assertEqual([set(m) for m in v["moves"]], [MOVE_KEYS] * 2)
        self.assertEqual(v["ledger"], {**CLEAN, "sent": 2000, "received": 2000, "max_gap_us": 3000.0})
        self.assertEqual(v["control"], CLEAN)

    def test_units(self):
        m = judge()["moves"][0]
        self.assertEqual((m["duration_ms"], m["handover_us"], m["hold_us_p50"], m["flush_wait_us_max"],
                          m["prepare_ms"], m["steer_ms"]), (2500, 450, 200, 160, 50, 100))

    def test_latency_is_that_of_the_windows(self):
        latency = judge()["latency_us"]
        self.assertEqual(latency["before"], {"p50": 100, "p99": 200, "max": 200})
        self.assertEqual(latency["during"], {"p50": 100, "p99": 200, "max": 300})

    def fails(self, v, text):
        self.assertEqual(v["result"], "failed")
        self.assertIn(text, "\n".join(v["reasons"]))

    def test_wrong_usage_fails(self):
        v = verdict.judge(a_gen(), [a_job()], usage_error=7)
        self.fails(v, "7 octets counted twice or not at all")
        self.assertEqual(v["ledger"]["usage_error_bytes"], 7)
        self.assertIn("octets counted twice or not at all: 7", "\n".join(table.lines(v)))

    def test_right_usage_is_complete(self):
        v = verdict.judge(a_gen(), [a_job()], usage_error=0)
        self.assertEqual((v["result"], v["ledger"]["usage_error_bytes"]), ("complete", 0))

    def test_dropped_sessions_and_failed_log_ins_fail(self):
        for key in verdict.SUBSCRIBER_FAULTS:
            gen = a_gen()
            gen["subscribers"] = {"up": 9, "ended": 4, "sessions_dropped": 0, "negotiations_failed": 0}
            self.assertEqual(judge(gen)["result"], "complete")
            self.assertEqual(judge(gen)["subscribers"]["logins"], 9)
            gen["subscribers"][key] = 3
            with self.subTest(fault=key):
                self.fails(judge(gen), f"3 {verdict.SUBSCRIBER_FAULTS[key]}")
                self.assertIn("3", "\n".join(table.lines(judge(gen))))

    def test_nobody_who_logs_in_fails(self):
        gen = a_gen()
        gen["subscribers"] = {"up": 0, "ended": 0, "sessions_dropped": 0, "negotiations_failed": 0}
        self.fails(judge(gen), "no subscriber logged in")

    def test_only_a_gateway_has_cells(self):
        gen = a_gen()
        gen["config"] = {"role": "gateway"}
        self.assertEqual(judge(gen)["ledger"]["wrong_cell"], 0)
        self.assertIn("wrong cell", "\n".join(table.lines(judge(gen))))
        gen["config"] = {"role": "nat"}
        self.assertNotIn("wrong_cell", judge(gen)["ledger"])
        self.assertNotIn("wrong cell", "\n".join(table.lines(judge(gen))))

    def test_each_fault_in_each_window_fails(self):
        for number in range(1, 7):
            for fault in windows.FAULT_KEYS:
                gen = a_gen()
                gen["windows"][number]["sum"][fault] = 1
                with self.subTest(window=gen["windows"][number]["name"], fault=fault):
                    self.fails(judge(gen), f"1 packets {fault}")

    def test_the_ramp_is_not_judged(self):
        self.assertEqual(judge()["result"], "complete")


    def test_a_name_that_only_begins_alike_is_another(self):
        self.assertEqual(len(windows.select(a_gen(window("movement", 9)), "move")), 2)

    def test_a_move_that_is_not_complete_fails(self):
        for state in ("aborted", "failed", "refused", "timed_out", "cancelled"):
            job = a_job(state=state, reasons=[{"code": "PEER_LOST", "text": "peer is gone"}])
            self.fails(judge(jobs=[a_job(), job]), f"is {state}: peer is gone")

    def test_an_aborted_move_without_a_result_can_be_shown(self):
        job = a_job(state="aborted")
        job["result"] = None
        self.fails(judge(jobs=[a_job(), job]), "is aborted")

    def test_digests_must_be_equal_and_there(self):
        self.fails(judge(jobs=[a_job(), a_job(digest_target="0123abce")]), "digests differ")
        self.fails(judge(jobs=[a_job(), a_job(digest_source="", digest_target="")]), "digests differ")
        self.fails(judge(jobs=[a_job(), a_job(digest_proof="ff")]), "proof")

    def test_dropped_packets_of_a_full_hold_fail(self):
        self.fails(judge(jobs=[a_job(), a_job(hold_overflow=2)]), "2 packets dropped (hold_overflow)")
        self.fails(judge(jobs=[a_job(), a_job(queue_overflow=1)]), "1 packets dropped (queue_overflow)")

    def test_the_number_of_moves(self):
        self.fails(judge(jobs=[]), "no move")
        self.fails(judge(jobs=[a_job()]), "1 moves instead of 2")
        self.assertEqual(judge(jobs=[a_job()], expect=None)["result"], "complete")

    def test_programs(self):
        self.fails(judge(tcp={"bytes": 1, "retransmits": 0, "connections_broken": 1}), "1 TCP connections")
        self.fails(judge(ping={"sent": 9, "lost": 2}), "2 of 9 pings lost")
        self.fails(judge(ping={"sent": 0, "lost": 0}), "no ping")

    def test_ratios(self):
        self.assertEqual(verdict.ratios(judge()),
                         {"round_trip_us": 100, "handover": 4.5, "flush_wait": 1.5})
        self.assertIsNone(verdict.ratios(judge(jobs=[])))


class Void(unittest.TestCase):
    """A run that says nothing is neither complete nor failed. Killed by: any of these that is not asked; a fault that comes
    first."""

    def is_void(self, gen, text, jobs=None):
        v = judge(gen, jobs)
        self.assertEqual((v["result"], v["reasons"]), ("void", [text]))

    def test_load_that_was_never_sent(self):
        text = "159000 packets of the load were not sent"
        self.is_void({**a_gen(), "void": [text]}, text)

    def test_a_fault_does_not_make_it_say_more(self):
        gen = {**a_gen(), "void": ["3 flows had no packet"]}
        gen["windows"][3]["sum"]["lost"] = 2
        v = judge(gen)
        self.assertEqual((v["result"], v["reasons"]), ("void", ["3 flows had no packet", "move: 2 packets lost"]))

    def test_windows_must_be_there(self):
        for missing in ("move", "control"):
            gen = a_gen()
            gen["windows"] = [w for w in gen["windows"] if not w["name"].startswith(missing)]
            self.is_void(gen, f"no window '{missing}' in the ledger")

    def test_an_empty_window_is_no_proof(self):
        gen = a_gen()
        gen["windows"][6]["sum"] = dict.fromkeys(CLEAN, 0)
        self.is_void(gen, "nothing was sent in 'control'")

    def test_a_window_without_time(self):
        gen = a_gen()
        gen["windows"][6]["end_ns"] = gen["windows"][6]["start_ns"]
        self.is_void(gen, "'control' took no time")

    def test_the_generator_must_have_finished(self):
        self.is_void({**a_gen(), "state": "run"}, "the generator did not finish: run")

    def test_a_judge_that_comes_late_or_leaves_early(self):
        gen = a_gen()
        gen["windows"][1]["start_ns"] = 251 * 10**6  # the move began at 250 ms
        self.is_void(gen, "the judge was late: move 1 had begun", [a_job(), {**a_job(), "phases": []}])
        gen = a_gen()
        for w in gen["windows"][1:]:
            w["end_ns"] = 599 * 10**6  # and ended at 600
            w["start_ns"] = 0
        self.is_void(gen, "the judge had gone: move 1 went on", [a_job(), {**a_job(), "phases": []}])


class Disturbance(unittest.TestCase):
    """The move of a_job() is from 250 to 600 ms and can be felt from 150 to 700; the median before is 100 us,
    the series' bins have 10 ms."""

    def disturbed(self, **columns):
        """disturbed_ms with these values in these bins: column={bin: value}."""
        gen = a_gen()
        gen["series"]["rtt_p50_us"] = [100.0] * 100
        for column, values in columns.items():
            for i, value in values.items():
                gen["series"][column][i] = value
        return judge(gen)["moves"][0]["disturbed_ms"]

    def test_a_move_that_nobody_feels(self):
        self.assertEqual(self.disturbed(), 0)

    def test_each_slow_bin_counts_as_long_as_it_is(self):
        self.assertEqual(self.disturbed(rtt_p50_us={30: 151.0, 41: 900.0, 42: 151.0}), 30)

    def test_the_limit_itself_is_not_above_it(self):
        self.assertEqual(self.disturbed(rtt_p50_us={30: 150.0, 41: 150.1}), 10)

    def test_only_bins_around_the_move_count(self):
        self.assertEqual(self.disturbed(rtt_p50_us={14: 900.0, 71: 900.0}), 0)
        self.assertEqual(self.disturbed(rtt_p50_us={15: 900.0, 70: 900.0}), 20)

    def test_a_bin_of_which_half_is_lost_counts(self):
        self.assertEqual(self.disturbed(rtt_p50_us={40: 0.0}, lost={40: 40}), 10)
        self.assertEqual(self.disturbed(lost={40: 20}), 10)
        self.assertEqual(self.disturbed(rtt_p50_us={40: 0.0}, lost={40: 19}), 0)  # no echo was due in it

    def test_nothing_is_guessed(self):
        gen = a_gen()
        gen["series"]["start_ns"] = 2 * 10**8  # begins within
        self.assertIsNone(judge(gen)["moves"][0]["disturbed_ms"])
        gen = a_gen()
        for column in ("sent", "received", "lost", "rtt_p50_us"):
            gen["series"][column] = gen["series"][column][:70]  # ends within
        self.assertIsNone(judge(gen)["moves"][0]["disturbed_ms"])
        gen = a_gen()
        gen["windows"] = [w for w in gen["windows"] if w["name"] != "before"]
        self.assertIsNone(judge(gen)["moves"][0]["disturbed_ms"])
        self.assertIsNone(judge(jobs=[a_job(phases=[])])["moves"][0]["disturbed_ms"])
        self.assertIn("disturbed, ms", "\n".join(table.lines(judge(gen))))

    def test_a_phase_that_comes_twice_counts_twice(self):
        phases = [{"phase": p, "monotonic_ns": at} for p, at in
                  (("steer", 10), ("trail", 14), ("steer", 20), ("done", 25))]
        self.assertEqual(disturbance.phase_ns({"phases": phases}, "steer"), 9)
        self.assertIsNone(disturbance.phase_ns({"phases": phases}, "prepare"))

    def test_a_phase_that_never_ended_lasts_until_the_job_did(self):
        job = a_job(elapsed_ns=9 * 10**8)
        job["phases"] = job["phases"][:1]
        self.assertEqual(disturbance.phase_ns(job, "prepare"), 9 * 10**8)

    def test_noise_is_that_of_the_control(self):
        gen = a_gen()
        gen["windows"][6].update(start_ns=5 * 10**8, end_ns=10**9)
        gen["series"]["rtt_p50_us"] = [100.0] * 49 + [900.0] * 2 + [100.0] * 48 + [900.0]
        self.assertEqual(judge(gen)["noise_ms_per_s"], 40)  # bins 50 and 99, in half a second
        self.assertIsNone(judge()["noise_ms_per_s"])        # the control is not in the series


class Readers(unittest.TestCase):
    def test_quantiles_after_merging(self):
        bins = windows.merge([[[10, 1], [20, 1]], [[10, 1], [30, 1]]])
        self.assertEqual(bins, [[10, 2], [20, 1], [30, 1]])
        self.assertEqual([windows.quantile(bins, p) for p in (0, 500, 501, 750, 751, 1000)],
                         [10, 10, 20, 20, 30, 30])
        self.assertIsNone(windows.quantile([], 500))

    def test_ping(self):
        text = "--- 203.0.113.10 ping statistics ---\n40 packets transmitted, 38 received, 5% packet loss\n"
        self.assertEqual(verdict.read_ping(text), {"sent": 40, "lost": 2})
        with self.assertRaises(windows.BadInput):
            verdict.read_ping("nothing")

    def test_iperf(self):
        good = {"end": {"sum_sent": {"bytes": 12, "retransmits": 2}, "sum_received": {"bytes": 10}}}
        bad = {"error": "connection reset", "end": {}}
        self.assertEqual(verdict.sum_tcp([good, bad]), {"bytes": 10, "retransmits": 2, "connections_broken": 1})
        self.assertIsNone(verdict.sum_tcp([]))
        with self.assertRaises(windows.BadInput):
            verdict.read_tcp({"something": 1})


class Table(unittest.TestCase):
    def test_it_says_the_result_last(self):
        lines = table.lines(judge())
        self.assertEqual(lines[-1], "  result: complete")
        self.assertTrue(any("mistranslated" in line for line in lines))

    def test_failures_are_listed(self):
        text = "\n".join(table.lines(judge(jobs=[])))
        self.assertIn("  - no move\n", text)

    def test_many_moves_become_their_spread(self):
        text = "\n".join(table.lines(judge(jobs=[a_job(handover_ns=1000 * n) for n in range(1, 10)], expect=9)))
        self.assertRegex(text, r"hand-over, us +1 +5 +9\n")
        self.assertIn("9 of 9 moves complete", text)


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def run_main(self, *args):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
            return main.main(list(args)), out.getvalue()

    def test_verdict_status_and_file(self):
        gen, jobs = self.write("gen.json", a_gen()), self.write("jobs.json", [a_job(), a_job()])
        ping = self.write("ping", "40 packets transmitted, 40 received, 0% packet loss")
        tcp = self.write("tcp.json", {"bytes": 1, "retransmits": 0, "connections_broken": 0, "notes": {}})
        output = os.path.join(self.folder, "verdict.json")
        status, text = self.run_main("verdict", "--gen", gen, "--jobs", jobs, "--ping", ping, "--tcp", tcp,
                                     "--expect-moves", "2", "-o", output)
        self.assertEqual(status, 0, text)
        with open(output, encoding="utf-8") as f:
            self.assertEqual(json.load(f)["result"], "complete")
        self.assertEqual(self.run_main("verdict", "--gen", gen, "--jobs", jobs, "--expect-moves", "3")[0], 1)

    def test_bad_files_are_refused(self):
        bad = self.write("bad.json", "{")
        other = self.write("other.json", {"tool": "something"})
        old = {key: value for key, value in a_gen().items() if key != "void"}
        output = os.path.join(self.folder, "verdict.json")
        for path in (bad, other, self.write("old.json", old), self.folder + "/none"):
            for command in ("verdict", "plot"):
                status, text = self.run_main(command, "--gen", path, "-o", output)
                self.assertEqual(status, void.EXIT)
                self.assertIn("slim-report: ", text)
                self.assertIn("result: void", text)
            with open(output, encoding="utf-8") as f:
                self.assertEqual(json.load(f)["result"], "void")
        status, _ = self.run_main("verdict", "--gen", self.write("gen.json", a_gen()), "--jobs", bad)
        self.assertEqual(status, main.USAGE_ERROR)

    def test_a_void_run_has_a_status_of_its_own(self):
        gen = self.write("gen.json", {**a_gen(), "void": ["nothing was received"]})
        jobs = self.write("jobs.json", [a_job()])
        status, text = self.run_main("verdict", "--gen", gen, "--jobs", jobs)
        self.assertEqual((status, text.splitlines()[-2:]), (3, ["  - nothing was received", "  result: void"]))

    def test_the_picture_of_a_void_run_says_so(self):
        from slimreport import plot
        self.assertEqual(plot.headline({**a_gen(), "void": ["nothing was received"]}, [])[0], "void: nothing was received")
        self.assertIn("0 lost", plot.headline(a_gen(), [a_job()])[0])

    def test_a_picture_is_drawn(self):
        gen, jobs = self.write("gen.json", a_gen()), self.write("jobs.json", [a_job(), a_job()])
        output = os.path.join(self.folder, "demo.png")
        self.assertEqual(self.run_main("plot", "--gen", gen, "--jobs", jobs, "-o", output)[0], 0)
        with open(output, "rb") as f:
            self.assertEqual(f.read(4), b"\x89PNG")

    def test_a_picture_without_moves(self):
        gen = copy.deepcopy(a_gen())
        output = os.path.join(self.folder, "demo.png")
        self.assertEqual(self.run_main("plot", "--gen", self.write("gen.json", gen), "-o", output)[0], 0)


if __name__ == "__main__":
    unittest.main()
