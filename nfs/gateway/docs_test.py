#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/nfs/gateway.md and the code say the same. Prints TAP.

    docs_test.py SOURCE_ROOT SLIM_GATEWAY
"""

import sys

sys.path.insert(0, sys.argv[1] + "/nfs/common")
sys.dont_write_bytecode = True
import nf_docs  # noqa: E402

sys.exit(nf_docs.Docs(
    sys.argv[1], sys.argv[2], page="docs/nfs/gateway.md", manual="docs/man/slim-gateway.8",
    counters=["nfs/gateway/config/counters.h"],
    tables=["nfs/gateway/table/session.c", "nfs/common/path/router.c"],
    settings=["nfs/gateway/config/config_file.c"],
    commands=["nfs/gateway/control/commands.c"]).run())
