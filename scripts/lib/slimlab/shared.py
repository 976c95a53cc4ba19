# SPDX-License-Identifier: Apache-2.0
"""What all labs of this machine share: its huge pages, and settings of its kernel.

Several labs may want the same at once and end in any order, also by being killed. So there is one record
for the machine: what was there before the first of them, and what each asks for. What is in force follows from it:

    huge pages   as many as before, and what all labs ask for on top
    a setting    the value of the lab that asked last; without a lab the one before

Each change is written down before it is made, and says what will be found if it was made; so a record is right
whenever its writer died, and what others changed in the meantime stays theirs. Taking and giving back by
difference would not do: a page that is still in use when it is given back stays as a surplus page, which the kernel counts
in nr_hugepages until it is free.

    with Shared(folder) as shared:      # locks the record
        shared.ask_pages("lab-1", path, 64)
"""

import fcntl
import json
import os


SHRINK_TRIES = 5


def read_number(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


def read_text(path):
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def write_text(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(text))


def persistent_pages(path):
    """Pages of the pool at this path without surplus ones, which go away by themselves: also between two looks, so
    both numbers must stand still."""
    def look():
        return read_number(f"{path}/nr_hugepages"), read_number(f"{path}/surplus_hugepages")

    before, now = None, look()
    while before != now:
        before, now = now, look()
    return now[0] - now[1]


def idle_surplus(path):
    """Surplus pages that nobody uses. Pages that a program gave back while the pool was made smaller: the kernel counts
    them as surplus and keeps them, until the pool grows and shrinks again."""
    return min(read_number(f"{path}/free_hugepages"), read_number(f"{path}/surplus_hugepages"))


class Shared:
    def __init__(self, folder):
        """The folder is there: who removes it has removed the record, and it does not come back with the last who asks."""
        self.path = f"{folder}/shared.json"
        self.lock_path = f"{folder}/shared.lock"
        self.lock = None
        self.record = None

    def __enter__(self):
        self.lock = open(self.lock_path, "a", encoding="ascii")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            with open(self.path, encoding="utf-8") as f:
                self.record = json.load(f)
        except FileNotFoundError:
            self.record = {"pages": {}, "settings": {}}
        return self

    def __exit__(self, *_):
        self.lock.close()

    def _write(self):
        """All or nothing, whenever the writer dies."""
        with open(f"{self.path}.new", "w", encoding="utf-8") as f:
            json.dump(self.record, f)
        os.rename(f"{self.path}.new", self.path)

    # ---- huge pages ---------------------------------------------------------

    def ask_pages(self, lab, path, n):
        """`n` pages more for the lab, of the pool at `path`. True if the kernel found all that labs ask for."""
        pool = self.record["pages"].setdefault(path, {"base": persistent_pages(path), "labs": {}})
        pool["labs"][lab] = pool["labs"].get(lab, 0) + n
        return self._resize(path, pool)

    def _resize(self, path, pool):
        """Base and all wishes. What others changed since the last time belongs to the base. True if the kernel
        found all of it."""
        found = persistent_pages(path)
        last, wanted = pool.get("last", pool["base"]), pool.get("wanted", pool["base"])
        if not min(last, wanted) <= found <= max(last, wanted):  # more than our last writer could have done
            pool["base"] = max(0, pool["base"] + found - last)
        pool.update(last=found, wanted=pool["base"] + sum(pool["labs"].values()))
        self._write()
        write_text(f"{path}/nr_hugepages", pool["wanted"])
        wanted = pool["wanted"]
        self._free_idle_surplus(path, pool)
        pool["last"] = pool["wanted"] = persistent_pages(path)  # fewer, where the kernel found no room
        self._write()
        return pool["last"] >= wanted

    def _free_idle_surplus(self, path, pool):
        for _ in range(SHRINK_TRIES):
            idle = idle_surplus(path)
            if idle == 0:
                return
            pool["last"] = pool["wanted"] + idle
            self._write()
            write_text(f"{path}/nr_hugepages", pool["last"])
            write_text(f"{path}/nr_hugepages", pool["wanted"])

    # ---- settings of the kernel ----------------------------------------------

    def ask_setting(self, lab, path, value):
        setting = self.record["settings"].setdefault(path, {"before": read_text(path), "labs": {}})
        setting["labs"].pop(lab, None)
        setting["labs"][lab] = str(value)  # the last in order
        self._write()
        write_text(path, value)

    def _release_setting(self, lab, path, setting):
        ours = setting["labs"].pop(lab, None)
        if ours is None:
            return
        rest = list(setting["labs"].values())
        # What somebody else has set since is not ours to change.
        if read_text(path) in (ours, *rest):
            write_text(path, rest[-1] if rest else setting["before"])

    # ---- the end ---------------------------------------------------------------

    def release(self, lab):
        """Gives back all that the lab asked for. Harmless when repeated."""
        for path, setting in list(self.record["settings"].items()):
            self._release_setting(lab, path, setting)
            if not setting["labs"]:
                del self.record["settings"][path]
        for path, pool in list(self.record["pages"].items()):
            # Without a lab: the writer before us died half-way.
            if pool["labs"].pop(lab, None) is not None or not pool["labs"]:
                self._resize(path, pool)
            if not pool["labs"]:
                del self.record["pages"][path]
        if any(self.record.values()):
            self._write()
        elif os.path.exists(self.path):
            os.unlink(self.path)

    def labs(self):
        """Names of all that ask for something."""
        return {lab for part in self.record.values() for thing in part.values() for lab in thing["labs"]}
