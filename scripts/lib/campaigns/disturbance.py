# SPDX-License-Identifier: Apache-2.0
"""Campaign 5: how long, and by how much, are packets slower around a move, and what does that depend on? One setting is varied at
a time, from the same middle."""

from slimlab.process import run

from .loaded import Load, LoadedCampaign

MIDDLE = {"nf": "nat", "pps": 10_000, "flows": 20_000, "max_revalidator_ms": 500, "bridges": 1, "rules": 0}
VARIED = {
    "quick": {"pps": (20_000,), "flows": (1_000,), "max_revalidator_ms": (10, 10_000)},
    "full": {"pps": (1_000, 5_000, 20_000, 40_000), "flows": (1_000, 5_000, 100_000), "max_revalidator_ms": (10, 100, 2_000, 10_000),
             "bridges": (2, 3, 4), "rules": (1_000, 10_000, 50_000)},
}
BEFORE_S = 2.5
UNUSED_TABLE = 200  # of the switch: no packet comes there


class Disturbance(LoadedCampaign):
    name = "disturbance"
    asks = "How long do users of the network feel a move?"
    keys = tuple(MIDDLE)
    run_seconds = 7

    def points(self, scale):
        return [dict(MIDDLE)] + [{**MIDDLE, key: value} for key, values in VARIED[scale].items() for value in values]

    def repeats(self, scale):
        return {"quick": 1, "full": 10}[scale]

    def lab_of(self, point, _mode):
        return f"{point['nf']}, {point['flows']} flows, {point['bridges']} bridges, {point['rules']} rules"

    def settings(self, point):
        return {"nf": point["nf"], "flows": point["flows"], "rate": point["pps"], "bridges": point["bridges"]}

    def load(self, point):
        every_flow_s = point["flows"] / point["pps"]  # they take turns
        return Load(("--rate", point["pps"]), before_s=max(BEFORE_S, every_flow_s))

    def change(self, lab, point):
        """Laziness is a setting of the whole switch; so is the time after which it forgets a flow that rests."""
        lab.switch.vsctl("set", "Open_vSwitch", ".", f"other_config:max-revalidator={point['max_revalidator_ms']}")
        if point["rules"]:
            rules = "".join(f"table={UNUSED_TABLE},priority=1,ip,nw_dst=10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255},actions=drop\n"
                            for n in range(point["rules"]))
            # One by one the switch takes 8 ms for each: 50,000 of them in one go are there in seconds.
            run("ovs-ofctl", "-O", "OpenFlow14", "--bundle", "add-flows", f"unix:{lab.switch.management_path('br-slim')}", "-",
                env=lab.switch.env, input_text=rules, seconds=120)
