# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Every operation stays within the memory that its plan announces, at the least budget and at an ample one.

Measured is the peak resident size of the whole command, results and files included, less that of a command that does
nothing. An operation without an entry in INPUTS fails, so that a new one cannot be forgotten.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402
from support.scans import write_scan  # noqa: E402

cases = Cases(sys.argv[1])
scene = ["--x", 220, "--y", 200, "--tilts", 1, "--energy_channels", 1024]
spectra = cases.folder / "spectra.hspy"
plain = cases.folder / "spectra.raw"
frames = cases.folder / "frames.raw"
INPUTS = {
    "simulate.eds": [[*scene]],
    "unmix.pca": [[spectra], [plain]],
    "unmix.nmf": [[spectra, "--components", 3], [plain, "--components", 3]],
    "unmix.phases": [[spectra], [plain]],
    "diffraction.scan": [[frames, "--variance", "true"]],
    "denoise.tensor_svd": [[spectra], [plain, "--ranks", "12,12,6"]],
    "eds.lines": [[spectra, "--elements", "Ni,Cr,Si"], [plain, "--elements", "Ni,Cr,Si"]],
}

cases.ruska("simulate.eds", *scene, "-o", "needle.h5")
cases.ruska("convert", "needle.h5", "--signal", "data", "-o", spectra)
cases.ruska("convert", "needle.h5", "--signal", "data", "-o", plain)
write_scan(frames, 100, 120, 64)
baseline = cases.peak_memory("doctor")
operations = [one["name"] for one in json.loads(cases.ruska("list", "--json").stdout)["operations"]]
for name in operations:
    cases.check(f"{name}: its memory is measured", name in INPUTS)
    for arguments in INPUTS.get(name, []):
        plan = json.loads(cases.ruska(name, *arguments, "--plan", "--json", "--threads", 2).stdout)
        for budget in sorted({plan["least_memory_bytes"], 1 << 30}):
            planned = json.loads(cases.ruska(name, *arguments, "--plan", "--json", "--threads", 2, "--memory",
                                             budget).stdout)["memory_bytes"]
            peak = cases.peak_memory(name, *arguments, "-o", cases.folder / "out.h5", "--force", "--quiet", "--threads", 2, "--memory",
                                     budget) - baseline
            words = f"{name} {arguments[0]} within {budget >> 20} MiB"
            print(f"{words}: planned {planned / 2**20:.1f} MiB, measured {peak / 2**20:.1f} MiB")
            cases.check(words, peak <= planned, f"{peak / 2**20:.1f} MiB of {planned / 2**20:.1f}")
cases.finish()
