#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""slim-ofctld in front of a real ovs-vswitchd, with real packets. Prints TAP.

Everything runs in namespaces of its own (network and processes), so nothing is left when the test
ends, however it ends.

    e2e_test.py SLIM_OFCTLD PROTO_FOLDER SLIM_PKI
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

INSIDE = "OFCTL_E2E_INSIDE"


def enter_namespaces():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root (namespaces)")
        sys.exit(0)
    for tool in ("ovs-vsctl", "ovsdb-server", "ip", "unshare"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed")
            sys.exit(0)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, *sys.argv])


if __name__ == "__main__" and INSIDE not in os.environ:
    enter_namespaces()

from private_switch import Port, Program, Switch, frame, make_pair, run, until  # noqa: E402

PROGRAM, PROTO, PKI = sys.argv[1:4]
FOLDER = tempfile.mkdtemp(prefix="ofc-e2e-")
subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"--python_out={FOLDER}",
                f"--grpc_python_out={FOLDER}", "slim_ctl.proto"], check=True)
sys.path.insert(0, FOLDER)
import grpc  # noqa: E402
import slim_ctl_pb2 as pb  # noqa: E402
import slim_ctl_pb2_grpc as stubs  # noqa: E402

SESSION = 0x1122334455667788
NAMES = ("pin", "pout", "a-in", "a-out", "b-in", "b-out", "other")


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(seen, wanted, what):
    expect(seen == wanted, f"{what}: {seen!r}, should be {wanted!r}")


class Ofctld:
    """The daemon and a client of it."""

    def __init__(self, name, config):
        self.folder = f"{FOLDER}/{name}"
        os.makedirs(self.folder, exist_ok=True)
        self.socket = f"{self.folder}/ofctld.sock"
        self.config = f"{self.folder}/ofctld.yaml"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"grpc: {{unix: {self.socket}}}\nlog_level: debug\n"
                    f"state_dir: {self.folder}/state\n" + config)
        self.program = None
        self.stub = None
        self.start()

    def start(self):
        self.program = Program(f"{self.folder}/log", PROGRAM, "--config", self.config)
        self.connect()

    def connect(self):
        """A gRPC client that finds nobody does not try again for seconds: look before."""
        until(self.answers, "slim-ofctld's socket")
        self.stub = stubs.SteeringStub(grpc.insecure_channel(f"unix:{self.socket}", options=[
            ("grpc.use_local_subchannel_pool", 1)]))
        until(self.is_up, "slim-ofctld with its bridges")

    def answers(self):
        expect(self.program.popen.poll() is None, "slim-ofctld ended: " + self.program.said())
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def show(self):
        try:
            return self.stub.Show(pb.ShowRequest(), timeout=5)
        except grpc.RpcError:
            return None

    def is_up(self):
        expect(self.program.popen.poll() is None, "slim-ofctld ended: " + self.program.said())
        shown = self.show()
        return shown and all(b.state == "up" and b.rules > 0 for b in shown.bridges)

    def session(self, source="a", target="b", last_copy=False):
        return pb.SteerSession(session=SESSION, service="nat", source=source, target=target, last_copy=last_copy)

    def do(self, reply):
        """Checks that a call was not refused."""
        expect(not reply.reasons, f"refused: {[(r.code, r.text) for r in reply.reasons]}")
        return reply

    def set(self, instance):
        self.do(self.stub.Set(pb.SetRequest(service="nat", instance=instance, open=True)))

    def clear(self):
        self.do(self.stub.Clear(pb.SetRequest(service="nat")))

    def prepare(self, *who):
        return {p.port: p.redirect_vid for p in self.do(self.stub.Prepare(self.session(*who))).ports}

    def flip(self, *who):
        self.do(self.stub.Flip(self.session(*who)))

    def quiet(self, *who):
        self.do(self.stub.AwaitQuiet(self.session(*who)))

    def fence(self, *who):
        self.do(self.stub.Fence(self.session(*who)))

    def cleanup(self, complete, *who):
        self.do(self.stub.Cleanup(pb.CleanupRequest(session=self.session(*who), complete=complete)))

    def serving(self):
        return self.show().services[0].instance

    def kill(self):
        self.program.kill()

    def stop(self):
        equal(self.program.stop(), 0, "exit status")


def service(bridge="br", control="", address=None, extra=""):
    return f"""
bridges:
  - {{name: br, address: "{address}"{control}}}
services:
  - name: nat
    cookie: 1
    redirect_vids: {{first: 3008, last: 3023}}
    perimeter:
      - {{name: inside, bridge: {bridge}, port: pin}}
      - {{name: outside, bridge: {bridge}, port: pout}}
    instances:
      - {{name: a, ports: [{{name: inside, bridge: {bridge}, port: a-in}}, {{name: outside, bridge: {bridge}, port: a-out}}]}}
      - {{name: b, ports: [{{name: inside, bridge: {bridge}, port: b-in}}, {{name: outside, bridge: {bridge}, port: b-out}}]}}
{extra}"""


class Wire:
    """All test ends; sends on one and tells where it came out."""

    def __init__(self, names):
        self.ports = {name: Port(name) for name in names}
        self.n = 0

    def probe(self, name, tags=(), eth_type=0x0800, nobody=False):
        """Sends a frame; (port, tags) where it came out. With `nobody` it should come out
        nowhere: a frame behind it on the same port that must come through bounds the wait."""
        self.n += 1
        payload = b"frame %d" % self.n
        self.ports[name].send(frame(payload, tags, eth_type))
        return self.find(payload, 0.3 if nobody else 5.0)

    def find(self, payload, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, port in self.ports.items():
                got = port.receive(0.002)
                if got and got[2] == payload:
                    return name, got[0]
        return None

    def settled(self, name, wanted):
        """The flow cache may lag behind the rules: waits until new frames take the wanted way."""
        until(lambda: self.probe(name, nobody=True) == wanted, f"{name} to {wanted}")


# ---- switches that prove it otherwise, or not at all ---------------------------------

def proofs(folder):
    """Each set-up that cannot prove its cache is named, with what is done instead; what is only
    written wrong in the configuration is found."""
    dummy = Switch(f"{folder}/dummy", "--enable-dummy")
    dummy.add_bridge("brd")
    dummy.add_patch("brd", *NAMES)
    until(lambda: dummy.ofctl("dump-ports-desc", "brd").count(": addr:") > len(NAMES), "its ports")

    def ask(name, control, prepared):
        config = service(control=control and f", control: {control}", address=dummy.address("brd"))
        ofctld = Ofctld(f"proof-{name}", config)
        ofctld.set("a")
        got = ofctld.stub.Check(pb.CheckRequest(service="nat", source="a", target="b"))
        codes = [pb.ReasonCode.Name(r.code) for r in ofctld.stub.Prepare(ofctld.session()).reasons]
        equal(codes, prepared, f"{name}: a preparation")
        ofctld.cleanup(False)
        ofctld.clear()
        ofctld.stop()
        equal([r.code for r in (*got.reasons, *got.warnings) if r.code != pb.REASON_CONTROL_SOCKET], [],
              f"{name}: reasons of another kind")
        return ([r.text for r in got.reasons], [r.text for r in got.warnings], got.bridges[0].proof)

    def has(seen, reason, warning, proof):
        expect((reason in "".join(seen[0])) if reason else not seen[0], f"reasons: {seen[0]}")
        expect((warning in "".join(seen[1])) if warning else not seen[1], f"warnings: {seen[1]}")
        equal(seen[2], proof, "proof")

    refused = ["REASON_CONTROL_SOCKET"]
    here = f"{dummy.folder}/ovs-vswitchd*.ctl"
    has(ask("right", here, []), "", "", pb.PROOF_CACHE)
    has(ask("guessed", f"{dummy.folder}/vswitchd*.ctl", []), "", "does not fit the pattern", pb.PROOF_CACHE)
    has(ask("nothing", f"{folder}/nowhere/x*.ctl", refused), "no control socket fits", "", pb.PROOF_COUNTERS)
    has(ask("none", "", []), "", "no control socket is configured", pb.PROOF_COUNTERS)
    stranger = Switch(f"{folder}/stranger")
    has(ask("stranger", f"{stranger.folder}/*.ctl", refused), "none has bridge brd", "", pb.PROOF_COUNTERS)
    stranger.stop()
    dummy.vsctl("add-br", "kind", "--", "set", "bridge", "kind", "datapath_type=dummy")
    has(ask("kinds", here, []), "", "two kinds of datapath", pb.PROOF_COUNTERS)
    dummy.vsctl("del-br", "kind")
    dummy.vsctl("set", "Open_vSwitch", ".", "other_config:hw-offload=true")
    dummy.kill()
    dummy.start()
    has(ask("offload", here, []), "", "hardware offload is on", pb.PROOF_COUNTERS)
    dummy.stop()


# ---- many services ---------------------------------------------------------------------

def many(folder, services=24, instances=8, ports=2):
    """Many services on one bridge, all serving, one of them moved."""
    switch = Switch(f"{folder}/big")
    switch.add_bridge("brbig")
    names = [f"p{s}-{i}-{p}" for s in range(services) for i in range(instances + 1) for p in range(ports)]
    for at in range(0, len(names), 512):
        switch.add_patch("brbig", *names[at:at + 512])
    until(lambda: switch.ofctl("dump-ports-desc", "brbig").count(": addr:") > len(names), "its ports", 240)

    def port_list(s, i):
        return ", ".join(f"{{name: k{p}, bridge: br, port: p{s}-{i}-{p}}}" for p in range(ports))

    text = f"bridges:\n  - {{name: br, address: \"{switch.address('brbig')}\", control: {switch.control}}}\nservices:\n"
    for s in range(services):
        text += (f"  - name: s{s}\n    cookie: {s + 1}\n"
                 f"    redirect_vids: {{first: {1000 + 8 * s}, last: {1007 + 8 * s}}}\n"
                 f"    perimeter: [{port_list(s, 0)}]\n    instances:\n")
        for i in range(instances):
            text += f"      - {{name: i{i}, ports: [{port_list(s, i + 1)}]}}\n"
    began = time.monotonic()
    ofctld = Ofctld("big", text.replace("log_level: debug", ""))
    print(f"# {len(names)} ports, up in {time.monotonic() - began:.1f} s", flush=True)
    began = time.monotonic()
    for s in range(services):
        ofctld.do(ofctld.stub.Set(pb.SetRequest(service=f"s{s}", instance="i0", force=True)))
    print(f"# {services} services set in {time.monotonic() - began:.1f} s", flush=True)
    who = pb.SteerSession(session=SESSION, service="s1", source="i0", target="i1")
    began = time.monotonic()
    ofctld.do(ofctld.stub.Prepare(who))
    ofctld.do(ofctld.stub.Flip(who))
    ofctld.do(ofctld.stub.AwaitQuiet(who))
    ofctld.do(ofctld.stub.Cleanup(pb.CleanupRequest(session=who, complete=True)))
    print(f"# one moved in {time.monotonic() - began:.2f} s, {ofctld.show().bridges[0].rules} rules", flush=True)
    rules = len(switch.flows("brbig"))
    equal(rules, ofctld.show().bridges[0].rules, "rules on the switch")
    equal(ofctld.stub.Show(pb.ShowRequest(service="s1")).services[0].instance, "i1", "who serves")
    ofctld.stop()
    switch.stop()


# ---- one bridge --------------------------------------------------------------------

class OneBridge:
    def __init__(self, switch):
        self.switch = switch
        switch.add_bridge("br")
        self.wire = Wire(NAMES)
        for name in NAMES:
            switch.add_device("br", name)
        self.ofctld = Ofctld("one", service(control=f", control: {switch.folder}/ovs-vswitchd.*tl",
                                            address=switch.address("br"),
                                            extra="openflow: {audit_ms: 600000}\nquiet: {deadline_ms: 5000}"))

    def session_rules(self):
        return [f for f in self.switch.flows("br") if any(r in f for r in
                ("cookie=0x534c0105", "cookie=0x534c0106", "cookie=0x534c0107"))]

    def set_and_show(self):
        equal(self.ofctld.serving(), "", "who serves at first")
        equal(self.wire.probe("pin", nobody=True), None, "nobody serves")
        self.ofctld.set("a")
        equal(self.ofctld.serving(), "a", "who serves")
        self.wire.settled("pin", ("a-in", ()))
        equal(self.wire.probe("pout"), ("a-out", ()), "pout")
        equal(self.wire.probe("a-in"), ("pin", ()), "a-in")
        equal(self.wire.probe("a-out"), ("pout", ()), "a-out")
        equal(self.wire.probe("b-in", nobody=True), None, "the standby's packets")
        equal(self.wire.probe("pin", (7,)), ("a-in", (7,)), "a tagged packet passes as it is")

    def guards(self):
        for port in ("pin", "a-in", "b-in"):
            equal(self.wire.probe(port, (3008,), nobody=True), None, f"reserved tag from {port}")
            equal(self.wire.probe(port, (3023,), nobody=True), None, f"reserved tag from {port}")
            equal(self.wire.probe(port, (), 0x88b5, nobody=True), None, f"slim frame from {port}")
        equal(self.wire.probe("pin", (3024,)), ("a-in", (3024,)), "first tag behind the range")
        self.switch.ofctl("add-flow", "br", "priority=1,in_port=other,actions=output:a-in")
        equal(self.wire.probe("other"), ("a-in", ()), "somebody else's port")
        equal(self.wire.probe("other", (3008,), nobody=True), None, "reserved tag from it")
        self.switch.ofctl("del-flows", "br", "in_port=other")

    def move(self):
        rules = len(self.switch.flows("br"))
        vids = self.ofctld.prepare()
        equal(vids, {"inside": 3008, "outside": 3009}, "redirect tags")
        equal(self.wire.probe("pin"), ("a-in", ()), "prepared: traffic stays")
        equal(self.wire.probe("b-in"), ("pin", ()), "prepared: the target may send")
        equal(self.wire.probe("a-in", (3008,)), ("b-in", (3008,)), "redirected packet keeps its tag")
        equal(self.wire.probe("a-out", (3009,), 0x88b5), ("b-out", (3009,)), "probe")
        equal(self.wire.probe("b-in", (), 0x88b5), ("a-in", ()), "flush frame")
        equal(self.wire.probe("a-in", (3009,), nobody=True), None, "the tag of another port")
        self.ofctld.flip()
        self.ofctld.quiet()
        equal(self.wire.probe("pin"), ("b-in", ()), "flipped, proven quiet")
        equal(self.wire.probe("pout"), ("b-out", ()), "flipped, proven quiet")
        equal(self.wire.probe("a-in", (3008,)), ("b-in", (3008,)), "stragglers are redirected")
        self.ofctld.cleanup(True)
        equal(self.ofctld.serving(), "b", "who serves")
        equal(self.session_rules(), [], "rules of the session")
        equal(len(self.switch.flows("br")), rules, "rules after the move")
        self.wire.settled("a-in", None)

    def fence(self):
        self.ofctld.prepare("b", "a")
        equal(self.wire.probe("a-in"), ("pin", ()), "the target's packets")
        self.ofctld.fence("b", "a")
        equal(self.wire.probe("a-in", nobody=True), None, "the fenced target's packets")
        equal(self.wire.probe("b-in"), ("pin", ()), "the source's packets")
        self.ofctld.cleanup(False, "b", "a")
        equal(self.ofctld.serving(), "b", "who serves")

    def fence_after_the_flip(self):
        """The target dies after it took over: the traffic comes back."""
        self.ofctld.prepare("b", "a")
        self.ofctld.flip("b", "a")
        self.ofctld.fence("b", "a", True)
        equal(self.wire.probe("a-in", nobody=True), None, "the fenced target's packets")
        equal(self.wire.probe("pin"), ("b-in", ()), "fenced: traffic goes to the source")
        self.ofctld.cleanup(False, "b", "a")
        equal(self.ofctld.serving(), "b", "who serves")

    def prepare_is_fresh(self):
        """The switch remembers that it drops the standby's packets. A prepared target may send at once."""
        for _ in range(3):
            self.wire.settled("a-in", None)
            self.ofctld.prepare("b", "a")
            equal(self.wire.probe("a-in", nobody=True), ("pin", ()), "first packet of the target")
            equal(self.wire.probe("b-in", (3008,), nobody=True), ("a-in", (3008,)), "redirect")
            self.ofctld.cleanup(False, "b", "a")

    def slow_rounds(self):
        """A switch that looks through its cache every 10 s only, asked to be ready within 5 s."""
        self.switch.vsctl("set", "Open_vSwitch", ".", "other_config:max-revalidator=10000",
                          "other_config:max-idle=10000")
        for _ in range(3):
            began = time.monotonic()
            self.ofctld.prepare("b", "a")
            print(f"# prepared in {(time.monotonic() - began) * 1000:.1f} ms", flush=True)
            self.ofctld.cleanup(False, "b", "a")
        self.switch.vsctl("remove", "Open_vSwitch", ".", "other_config", "max-revalidator", "max-idle")
        equal([f for f in self.switch.flows("br") if "table=" in f], [], "what the nudges left")

    def killed_daemon(self):
        """kill -9 in the middle of a session: no rule is touched, traffic flows, the move goes on."""
        self.ofctld.prepare("b", "a")
        before = self.switch.flows("br")
        self.ofctld.kill()
        equal(self.wire.probe("pin"), ("b-in", ()), "without slim-ofctld")
        equal(self.switch.flows("br"), before, "rules without slim-ofctld")
        self.ofctld.start()
        equal(self.switch.flows("br"), before, "rules after the restart")
        expect("rules change" not in self.ofctld.program.said().split("switch up")[-1],
               "the restart touched rules")
        equal(list(self.ofctld.show().services[0].sessions), [SESSION], "sessions after the restart")
        self.ofctld.flip("b", "a")
        self.ofctld.quiet("b", "a")
        equal(self.wire.probe("pin"), ("a-in", ()), "after the flip")

    def lost_state_file(self):
        """In the middle of a flipped session, without a state file: the rules tell."""
        before = self.switch.flows("br")
        self.ofctld.kill()
        os.unlink(f"{self.ofctld.folder}/state/steering")
        self.ofctld.start()
        equal(self.switch.flows("br"), before, "rules after the restart")
        equal(self.ofctld.serving(), "a", "who serves")
        self.ofctld.cleanup(True, "b", "a")
        equal(self.session_rules(), [], "rules of the session")

    def restarted_switch(self):
        self.ofctld.prepare()
        before = self.switch.flows("br")
        self.switch.kill()
        until(lambda: self.ofctld.show().bridges[0].state != "up", "the loss to be seen")
        refused = self.ofctld.stub.Flip(self.ofctld.session()).reasons
        equal([r.code for r in refused], [pb.REASON_STEERING_UNREACHABLE], "a call without a switch")
        self.switch.start()
        until(self.ofctld.is_up, "the switch again")
        until(lambda: self.switch.flows("br") == before, "the rules again")
        self.wire.settled("pin", ("a-in", ()))
        self.ofctld.cleanup(False)

    def deleted_rules(self):
        """By somebody else: one rule, all of them, one changed. Nobody looks for minutes: the switch
        tells."""
        before = self.switch.flows("br")
        for spoil in (("del-flows", "in_port=pin"), ("del-flows",), ("mod-flows", "in_port=a-in,actions=drop")):
            self.switch.ofctl(spoil[0], "br", *spoil[1:])
            began = time.monotonic()
            until(lambda: self.switch.flows("br") == before, "the rules again")
            print(f"# {' '.join(spoil)}: back in {(time.monotonic() - began) * 1000:.0f} ms or less", flush=True)

    def refusals(self):
        s = self.ofctld.stub
        equal(s.Set(pb.SetRequest(service="lb", instance="a")).reasons[0].code,
              pb.REASON_UNKNOWN_SERVICE, "unknown service")
        equal(s.Set(pb.SetRequest(service="nat", instance="z")).reasons[0].code,
              pb.REASON_UNKNOWN_INSTANCE, "unknown instance")
        equal(s.Set(pb.SetRequest(service="nat", instance="b")).reasons[0].code,
              pb.REASON_GATE_CLOSED, "nobody has looked at the gate")
        equal(self.ofctld.serving(), "a", "who serves")
        equal(s.Flip(self.ofctld.session()).reasons[0].code, pb.REASON_STEERING_REFUSED,
              "no session")
        equal(s.Prepare(self.ofctld.session("b", "a")).reasons[0].code, pb.REASON_STEERING_REFUSED,
              "source does not serve")
        self.ofctld.prepare()
        other = self.ofctld.session()
        other.session += 1
        equal(s.Prepare(other).reasons[0].code, pb.REASON_STEERING_REFUSED, "second session")
        self.ofctld.cleanup(False)
        self.switch.vsctl("del-port", "br", "b-out")
        until(lambda: not any("b-out" in f for f in self.switch.flows("br")), "the port's end")
        lost = s.Prepare(self.ofctld.session()).reasons[0]
        equal((lost.code, lost.text), (pb.REASON_PORTS, "bridge br does not have: b-out"), "port")
        self.switch.add_device("br", "b-out")
        until(lambda: any("b-out" in f for f in self.switch.flows("br")), "the port again")
        self.ofctld.prepare()
        self.ofctld.cleanup(False)

    def check(self, source="a", target="b", service="nat", ports=("inside", "outside")):
        got = self.ofctld.stub.Check(pb.CheckRequest(service=service, source=source, target=target,
                                                     ports=ports))
        return [pb.ReasonCode.Name(r.code) for r in got.reasons], got

    def checks(self):
        """Everything in the way of a move at once, and nothing is changed by asking."""
        before = self.switch.flows("br")
        codes, got = self.check()
        equal(codes, [], "reasons against a move that can begin")
        equal([(p.port, p.redirect_vid) for p in got.ports], [("inside", 3008), ("outside", 3009)],
              "tags")
        equal([(b.bridge, b.proof) for b in got.bridges], [("br", pb.PROOF_CACHE)], "bridges")
        equal(list(got.warnings), [], "warnings")
        equal(self.ofctld.show().bridges[0].proof, pb.PROOF_CACHE, "the proof that is shown")
        equal(self.check(service="lb")[0], ["REASON_UNKNOWN_SERVICE"], "unknown service")
        equal(self.check("b", "z", ports=("inside", "wan"))[0],
              ["REASON_UNKNOWN_INSTANCE", "REASON_STEERING_REFUSED", "REASON_PORTS",
               "REASON_PORTS"], "all that is wrong")
        equal(self.switch.flows("br"), before, "rules")

    def undo_of_nothing(self):
        """Sessions, instances and services that are not there: undone at once."""
        s = self.ofctld.stub
        for who in (self.ofctld.session(), self.ofctld.session(target="gone"),
                    pb.SteerSession(session=SESSION, service="gone", source="a", target="b")):
            self.ofctld.do(s.Fence(who))
            self.ofctld.do(s.Cleanup(pb.CleanupRequest(session=who, complete=False)))
        equal(self.ofctld.serving(), "a", "who serves")

    def misspelt_port(self):
        """slim-ofctld restarted with a typo in the serving instance's port: traffic goes on."""
        with open(self.ofctld.config, encoding="utf-8") as f:
            config = f.read()
        self.ofctld.kill()
        with open(self.ofctld.config, "w", encoding="utf-8") as f:
            f.write(config.replace("port: a-in}", "port: a-inn}"))
        self.ofctld.start()
        until(lambda: "rules that stand stay" in self.ofctld.program.said(), "a warning")
        equal(list(self.ofctld.show().services[0].missing_ports), ["br: a-inn"], "what is shown")
        equal(self.wire.probe("pin"), ("a-in", ()), "pin")
        equal(self.wire.probe("a-in"), ("pin", ()), "a-in")
        equal(self.check()[0], ["REASON_PORTS"], "reasons against a move")
        self.ofctld.kill()
        with open(self.ofctld.config, "w", encoding="utf-8") as f:
            f.write(config)
        self.ofctld.start()
        equal(list(self.ofctld.show().services[0].missing_ports), [], "what is shown then")
        equal(self.wire.probe("pin"), ("a-in", ()), "pin then")

    def continuous_traffic(self):
        """Frames all the time, through kill -9 and restart of slim-ofctld: each one arrives."""
        arrived, sent = set(), 0
        out, inside = self.wire.ports["a-in"], self.wire.ports["pin"]

        def exchange(n):
            nonlocal sent
            for _ in range(n):
                inside.send(frame(b"stream %d" % sent))
                sent += 1
                got = out.receive(2)
                while got:
                    arrived.add(got[2])
                    got = out.receive(0.0001)
        exchange(200)
        self.ofctld.kill()
        exchange(200)
        self.ofctld.program = Program(f"{self.ofctld.folder}/log", PROGRAM, "--config",
                                      self.ofctld.config)
        exchange(400)
        self.ofctld.connect()
        exchange(200)
        equal(len(arrived), sent, "frames that arrived")

    def end(self):
        self.ofctld.clear()
        self.wire.settled("pin", None)
        self.ofctld.stop()
        self.switch.vsctl("del-br", "br")


# ---- other transports -----------------------------------------------------------------

def transport(switch, address, listen, extra=""):
    switch.add_bridge("br2")
    try:
        # As an operator's bridge that speaks other versions too.
        switch.vsctl("set", "bridge", "br2", "protocols=OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15")
        for name in NAMES:
            switch.add_device("br2", name)
        switch.vsctl("set-controller", "br2", listen)
        ofctld = Ofctld(address.split(":")[0], service(address=address, extra=extra + """
quiet: {still_ms: 1500, deadline_ms: 15000}"""))
        ofctld.set("a")
        ofctld.prepare()
        ofctld.flip()
        began = time.monotonic()
        ofctld.quiet()  # no control socket is named: counters prove it
        expect(time.monotonic() - began >= 1.5, "the counters were not watched")
        ofctld.cleanup(True)
        equal(len([f for f in switch.flows("br2") if "actions=output" in f]), 4, "rules")
        ofctld.stop()
    finally:
        switch.vsctl("del-br", "br2")


def tcp(switch):
    transport(switch, "tcp:127.0.0.1:16653", "ptcp:16653:127.0.0.1")


def ssl(switch):
    pki = f"{FOLDER}/pki"
    run(PKI, "init", pki)
    for name in ("switch", "ofctl"):
        run(PKI, "issue", pki, name)
    switch.vsctl("set-ssl", f"{pki}/switch.key", f"{pki}/switch.pem", f"{pki}/ca.pem")
    transport(switch, "ssl:127.0.0.1:16654", "pssl:16654:127.0.0.1",
              f"openflow: {{tls: {{ca: {pki}/ca.pem, cert: {pki}/ofctl.pem, key: {pki}/ofctl.key}}}}")


# ---- several bridges, VLANs -----------------------------------------------------------------

class ThreeBridges:
    """Perimeter at A on VLAN 100. Instance a at B behind a veth, VLAN 200; b at C behind another,
    without a VLAN; d at B too."""

    CONFIG = """
bridges:
  - {{name: A, address: "{A}", control: {control}}}
  - {{name: B, address: "{B}", control: {control}}}
  - {{name: C, address: "{C}", control: {control}}}
links:
  - {{a: {{bridge: A, port: ab}}, b: {{bridge: B, port: ab-x}}}}
  - {{a: {{bridge: A, port: ac}}, b: {{bridge: C, port: ac-x}}}}
services:
  - name: nat
    cookie: 9
    redirect_vids: {{first: 3000, last: 3007}}
    transit_vids: {{first: 3100, last: 3107}}
    perimeter:
      - {{name: inside, bridge: A, port: pi, vlan: 100}}
    instances:
      - {{name: a, ports: [{{name: inside, bridge: B, port: ia, vlan: 200}}]}}
      - {{name: b, ports: [{{name: inside, bridge: C, port: ib}}]}}
      - {{name: d, ports: [{{name: inside, bridge: B, port: id}}]}}
"""

    def __init__(self, switch):
        self.switch = switch
        # Tags of transit stand outside those of the packets: both must be seen.
        switch.vsctl("set", "Open_vSwitch", ".", "other_config:vlan-limit=2")
        for name in "ABC":
            switch.add_bridge(name)
        for pair in ("ab", "ac"):
            make_pair(pair)
        self.wire = Wire(("pi", "ia", "ib", "id"))
        for bridge, port in (("A", "ab"), ("A", "ac"), ("B", "ab-x"), ("C", "ac-x"), ("A", "pi"),
                             ("B", "ia"), ("C", "ib"), ("B", "id")):
            switch.add_device(bridge, port)
        self.ofctld = Ofctld("three", self.CONFIG.format(
            control=switch.control, **{b: switch.address(b) for b in "ABC"}))

    def translates(self):
        self.ofctld.set("a")
        self.wire.settled("ia", None)
        until(lambda: self.wire.probe("pi", (100,), nobody=True) == ("ia", (200,)), "pi to ia")
        equal(self.wire.probe("ia", (200,)), ("pi", (100,)), "ia to pi")
        equal(self.wire.probe("pi", nobody=True), None, "another VLAN")

    def moves(self):
        equal(self.ofctld.prepare("a", "b"), {"inside": 3000}, "redirect tags")
        equal(self.wire.probe("pi", (100,)), ("ia", (200,)), "prepared")
        equal(self.wire.probe("ib"), ("pi", (100,)), "the target may send")
        equal(self.wire.probe("ia", (3000, 200)), ("ib", (3000, 200)), "redirect over three bridges")
        equal(self.wire.probe("ia", (3000,), 0x88b5), ("ib", (3000,)), "probe over three bridges")
        equal(self.wire.probe("ib", (), 0x88b5), ("ia", ()), "flush frame by the old path")
        self.ofctld.flip("a", "b")
        self.ofctld.quiet("a", "b")
        equal(self.wire.probe("pi", (100,)), ("ib", ()), "flipped")
        equal(self.wire.probe("ib", (), 0x88b5), ("ia", ()), "flush frame after the flip")
        self.ofctld.cleanup(True, "a", "b")
        self.wire.settled("ia", None)

    def moves_back_beside(self):
        """b to d, then d to a: both behind the same link, flush frames turn at A."""
        self.ofctld.prepare("b", "d")
        self.ofctld.flip("b", "d")
        self.ofctld.cleanup(True, "b", "d")
        self.ofctld.prepare("d", "a")
        until(lambda: self.wire.probe("pi", (100,), nobody=True) == ("id", ()), "pi to id")
        equal(self.wire.probe("id", (3000,)), ("ia", (3000,)), "redirect on one bridge")
        equal(self.wire.probe("ia", (), 0x88b5), ("id", ()), "flush frame turns at A")
        self.ofctld.cleanup(False, "d", "a")

    def end(self):
        self.ofctld.stop()


def main():
    cases, failed = 0, 0
    switch = Switch(f"{FOLDER}/ovs")

    def case(function, *args):
        nonlocal cases, failed
        cases += 1
        name = function.__qualname__
        began = time.monotonic()
        try:
            function(*args)
            print(f"ok {cases} - {name}")
            print(f"# {time.monotonic() - began:.1f} s", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {cases} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)

    run("ip", "link", "set", "lo", "up")
    one = OneBridge(switch)
    for function in (one.set_and_show, one.guards, one.move, one.fence,
                     one.fence_after_the_flip, one.prepare_is_fresh, one.slow_rounds, one.killed_daemon,
                     one.lost_state_file, one.restarted_switch, one.deleted_rules, one.refusals,
                     one.checks, one.undo_of_nothing, one.misspelt_port, one.continuous_traffic, one.end):
        case(function)
    case(proofs, FOLDER)
    case(many, FOLDER)
    case(tcp, switch)
    case(ssl, switch)
    three = ThreeBridges(switch)
    for function in (three.translates, three.moves, three.moves_back_beside, three.end):
        case(function)
    switch.stop()
    print(f"1..{cases}")
    if failed:
        for log in ("one", "tcp", "ssl", "three"):
            if os.path.exists(f"{FOLDER}/{log}/log"):
                with open(f"{FOLDER}/{log}/log", encoding="utf-8") as f:
                    print("".join(f"# {log}: {line}" for line in f.readlines()[-25:]))
    return 1 if failed else 0


try:
    status = main()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
sys.exit(status)
