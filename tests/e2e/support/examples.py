# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""What each operation runs on in the end-to-end scripts: ruska/ops/<family>/<op>/example.json.

    {"same_bits": {"prepare": [[command …], …], "arguments": [argument …]},
     "memory":    {"prepare": [[command …], …], "runs": [[argument …], …]}}

`prepare` holds ruska commands that make further files; the same command of several operations runs once. Files that
are there without preparing: for same_bits needle.h5 (signal "data"), scan.raw and crystal.raw (disks on a lattice), for
memory spectra.hspy, spectra.raw (44,000 spectra of 1024 channels), frames.raw (100 x 120 frames of 64 x 64) and
crystals.raw (60 x 80 of 80 x 80).
"""
import json
import pathlib

OPERATIONS = pathlib.Path(__file__).parents[3] / "ruska/ops"


class Examples:
    def __init__(self, cases, kind):
        self._cases, self._kind, self._prepared = cases, kind, set()

    def of(self, name):
        """The example of an operation with its files made, or None where it has none."""
        path = OPERATIONS / name.replace(".", "/") / "example.json"
        found = path.exists() and json.loads(path.read_text()).get(self._kind)
        if not self._cases.check(f"{name}: {self._kind} is in its example.json", bool(found), path):
            return None
        for command in found.get("prepare", []):
            if (key := json.dumps(command)) not in self._prepared:
                self._prepared.add(key)
                self._cases.ruska(*command)
        return found
