# SPDX-License-Identifier: Apache-2.0
"""A folder for temporary files that is removed however its program ends: by the program itself, also when it is asked to
end, and if it was killed by the next program that wants such a folder."""

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile

from . import leftovers


def _is_left(name):
    """Its program is gone. With its start time a process id names one process only."""
    owner = re.fullmatch(r"slim-[a-z]+-(\d+)-(\d+)-\w+", name)
    return owner is not None and leftovers.start_time(int(owner[1])) != int(owner[2])


def sweep(where):
    """Removes folders of programs that were killed."""
    for name in os.listdir(where):
        if _is_left(name):
            shutil.rmtree(f"{where}/{name}", ignore_errors=True)


@contextlib.contextmanager
def folder(kind, where=None):
    """An empty folder; `kind`: a word of its name. `where`: in which folder; None: the system's. Main thread."""
    where = where or tempfile.gettempdir()
    sweep(where)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix=f"slim-{kind}-{os.getpid()}-{leftovers.start_time(os.getpid())}-", dir=where) as path:
        yield path
