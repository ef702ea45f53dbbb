# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Every operation stays within the memory that its plan announces, at the least budget and at an ample one.

Measured is the peak resident size of the whole command, results and files included, less that of a command that does
nothing. What runs is in each operation's example.json; one without fails, so that a new one cannot be forgotten.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402
from support.examples import Examples  # noqa: E402
from support.scans import write_crystal, write_scan  # noqa: E402

cases = Cases(sys.argv[1])
examples = Examples(cases, "memory")
cases.ruska("simulate.eds", "--x", 220, "--y", 200, "--tilts", 1, "--energy_channels", 1024, "-o", "needle.h5")
cases.ruska("convert", "needle.h5", "--signal", "data", "-o", "spectra.hspy")
cases.ruska("convert", "needle.h5", "--signal", "data", "-o", "spectra.raw")
write_scan(cases.folder / "frames.raw", 100, 120, 64)
write_crystal(cases.folder / "crystals.raw", 60, 80, 80)
baseline = cases.peak_memory("doctor")
operations = [one["name"] for one in json.loads(cases.ruska("list", "--json").stdout)["operations"]]
for name in operations:
    example = examples.of(name)
    for arguments in example["runs"] if example else []:
        command = [name, *arguments, "--threads", 2]
        plan = json.loads(cases.ruska(*command, "--plan", "--json").stdout)
        for budget in sorted({plan["least_memory_bytes"], 1 << 30}):
            planned = json.loads(cases.ruska(*command, "--plan", "--json", "--memory", budget).stdout)["memory_bytes"]
            peak = cases.peak_memory(*command, "-o", "out.h5", "--force", "--quiet", "--memory", budget) - baseline
            words = f"{name} {' '.join(map(str, arguments))} within {budget >> 20} MiB"
            print(f"{words}: planned {planned / 2**20:.1f} MiB, measured {peak / 2**20:.1f} MiB")
            cases.check(words, peak <= planned, f"{peak / 2**20:.1f} MiB of {planned / 2**20:.1f}")
cases.finish()
