#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/nfs/pppoe.md and the code say the same. Prints TAP.

    docs_test.py SOURCE_ROOT SLIM_PPPOE
"""

import sys

sys.path.insert(0, sys.argv[1] + "/nfs/common")
sys.dont_write_bytecode = True
import nf_docs  # noqa: E402


class Docs(nf_docs.Docs):
    ALTERNATIVES = {"secrets_file"}  # in place of RADIUS servers

    def keys(self):
        return super().keys() | self.found("settings", r'(?:TEXTS|SERVERS)\("(\w+)"')

    def fields(self):
        """The session table says its fields shortly."""
        short = self.found("tables", r"^\t(?:STATE|COUNTER|SEEN)\((\w+)") | self.found("tables", r'^\tGROUP\("(\w+)"')
        code = self.found("tables", r"SLIM_FIELD_\w+\(struct \w+, (\w+),") - {"member"} | short
        return nf_docs.difference(code, nf_docs.first_column(self.page, "State"))


sys.exit(Docs(
    sys.argv[1], sys.argv[2], page="docs/nfs/pppoe.md", manual="docs/man/slim-pppoe.8",
    counters=["nfs/pppoe/config/counters.h", "nfs/pppoe/control/radius_counters.h", "nfs/pppoe/control/disconnect.h"],
    tables=["nfs/pppoe/table/session.c", "nfs/pppoe/table/line.c", "nfs/pppoe/table/secret.c",
            "nfs/common/path/router.c"],
    settings=["nfs/pppoe/config/config_file.c"],
    commands=["nfs/pppoe/control/commands.c"]).run())
