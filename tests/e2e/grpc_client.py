#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client in another language: stubs are generated from proto/slim_ctl.proto, nothing else of
slim is used. Lists the NFs, starts a move and follows it to its end.

    grpc_client.py ADDRESS                       lists NFs
    grpc_client.py ADDRESS NF                    shows one
    grpc_client.py ADDRESS NF HOST [--dry-run]   moves one

ADDRESS is what grpc understands: unix:/path or host:port, the latter with --ca, --cert, --key.
Prints one JSON object: {"version":..., "nfs": [...], "updates": n, "phases": [...], "job": {...}}.
Exit status: 0 the job is complete (or NFs were only looked at), 1 another end, 2 the call was refused, or
there is no connection; then code, reason and text are printed.
"""

import argparse
import contextlib
import importlib
import json
import os
import sys
import tempfile
import uuid

import grpc
from google.protobuf.json_format import MessageToDict
from grpc_tools import protoc

PROTO = os.path.realpath(f"{os.path.dirname(__file__)}/../../proto")


@contextlib.contextmanager
def generated():
    """The modules slim_ctl_pb2 and slim_ctl_pb2_grpc, from a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="slim-stubs-") as folder:
        args = ["protoc", f"--proto_path={PROTO}", f"--python_out={folder}",
                f"--grpc_python_out={folder}", f"{PROTO}/slim_ctl.proto"]
        if protoc.main(args) != 0:
            raise SystemExit("protoc failed")
        sys.path.insert(0, folder)
        try:
            yield importlib.import_module("slim_ctl_pb2"), importlib.import_module("slim_ctl_pb2_grpc")
        finally:
            sys.path.remove(folder)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def connect(args):
    if not args.ca:
        return grpc.insecure_channel(args.address)
    return grpc.secure_channel(args.address, grpc.ssl_channel_credentials(
        read(args.ca), read(args.key), read(args.cert)))


def plain(message):
    """Field names as in the .proto file."""
    return MessageToDict(message, preserving_proto_field_name=True)


def move(pb, stub, args):
    """Asks for the move twice with one key, as after a lost answer: it must be one job."""
    request = pb.MigrateRequest(nf=args.nf, to_host=args.host, dry_run=args.dry_run,
                                idempotency_key=uuid.uuid4().hex)
    job = stub.Migrate(request, timeout=10)
    again = stub.Migrate(request, timeout=10)
    if again.id != job.id:
        raise SystemExit(f"one idempotency key gave two jobs: {job.id} and {again.id}")
    phases, updates = [], 0
    for job in stub.WatchJob(pb.GetJobRequest(id=job.id), timeout=args.timeout):
        updates += 1
        if not phases or phases[-1] != job.phase:
            phases.append(job.phase)
    if job.state == pb.JOB_RUNNING:
        raise SystemExit("the stream ended before the job")
    return {"updates": updates, "phases": phases, "job": plain(job)}, job.state == pb.JOB_COMPLETE


def reason_of(error):
    """The name of a slim.v1.ReasonCode, which comes with every refusal of a handler."""
    return dict(error.trailing_metadata()).get("slim-reason", "")


def show_nf(stub, pb, name):
    return plain(stub.GetNf(pb.GetNfRequest(name=name), timeout=10))


def run(args):
    with generated() as (pb, rpc), connect(args) as channel:
        stub = rpc.SlimdStub(channel)
        shown = {"version": plain(stub.GetVersion(pb.VersionRequest(), timeout=10)),
                 "nfs": [plain(nf) for nf in stub.ListNfs(pb.ListNfsRequest(), timeout=10).nfs]}
        complete = True
        if args.nf and not args.host:
            shown["nf"] = show_nf(stub, pb, args.nf)
        elif args.nf:
            result, complete = move(pb, stub, args)
            shown.update(result)
        print(json.dumps(shown))
        return 0 if complete else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("address")
    parser.add_argument("nf", nargs="?", help="without HOST: show it; with HOST: move it there")
    parser.add_argument("host", nargs="?")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for the whole move")
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    args = parser.parse_args()
    try:
        return run(args)
    except grpc.RpcError as error:
        print(f"grpc_client: {error.code().name} {reason_of(error)}: {error.details()}",
              file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
