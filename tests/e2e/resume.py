# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""A conversion that is killed is taken up by the next one: what was finished is not written again, and the result is the same."""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

import numpy as np  # noqa: E402

cases = Cases(sys.argv[1])
folder = cases.folder
rows, columns, side = 192, 64, 128
random = np.random.default_rng(1)
with open(folder / "scan.raw", "wb") as file:
    for row in range(rows):
        file.write(random.integers(0, 60, (columns, side, side), dtype=np.uint8).tobytes())
shape = {"dtype": "uint8", "byte_order": "little", "shape": [rows, columns, side, side],
         "axes": [{"name": name, "role": "navigation" if name in "yx" else "signal", "units": units, "scale": 0.5, "offset": 0}
                  for name, units in (("y", "nm"), ("x", "nm"), ("ky", "cm"), ("kx", "cm"))]}
(folder / "scan.raw.json").write_text(json.dumps(shape))
# Compressed, so that reading takes seconds.
cases.ruska("convert", "scan.raw", "-o", "scan.hspy")
memory = ["--memory", "512M", "--threads", "1"]


def journal(name):
    return next(iter(folder.glob(name + ".partial-*.journal")), None)


def killed(name):
    """Starts a conversion and kills it when a part is listed as finished; the partial file and the pieces listed."""
    process = subprocess.Popen([cases.binary, "convert", "scan.hspy", "-o", name, *memory], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    until = time.monotonic() + 120
    pieces = []
    while process.poll() is None and time.monotonic() < until and not pieces:
        time.sleep(0.02)
        listed = journal(name)
        if listed is not None and listed.exists():
            pieces = [int(line) for line in listed.read_text().splitlines()[1:]]
    process.kill()
    process.wait()
    cases.check(f"{name}: killed when pieces were finished", pieces and process.returncode == -9,
                (pieces, process.returncode))
    cases.check(f"{name}: nothing under the final name", not (folder / name).exists())
    partial = next(path for path in folder.glob(name + ".partial-*") if path.suffix != ".journal")
    return partial, pieces


def contents(path):
    if path.is_file():
        return {path.suffix: path.read_bytes()}
    return {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}


for extension in ("npy", "raw", "zspy", "tif", "mrc", "blo"):
    whole, name = f"whole.{extension}", f"taken_up.{extension}"
    cases.ruska("convert", "scan.hspy", "-o", whole)
    partial, pieces = killed(name)
    ended = cases.ruska("convert", "scan.hspy", "-o", name, *memory)
    cases.check(f"{extension}: says what it kept", f"kept {len(pieces)} of " in ended.stderr, ended.stderr)
    same = contents(folder / name) == contents(folder / whole)
    cases.check(f"{extension}: the result is the same as in one go", same)
    cases.check(f"{extension}: nothing else is left", not list(folder.glob(name + ".partial-*")))

# A byte of a finished piece that is changed before the second run would be put right if the piece were written again.
(folder / "taken_up.npy").unlink()
partial, pieces = killed("taken_up.npy")
cases.check("the first piece is among the finished", 0 in pieces, pieces)
with open(partial, "r+b") as file:
    file.seek(4096)
    file.write(b"\xee")
cases.ruska("convert", "scan.hspy", "-o", "taken_up.npy", *memory)
got, expected = (np.load(folder / name, mmap_mode="r").reshape(-1).view(np.uint8) for name in ("taken_up.npy", "whole.npy"))
different = sum(int(np.count_nonzero(got[i:i + (1 << 24)] != expected[i:i + (1 << 24)])) for i in range(0, got.size, 1 << 24))
cases.check("finished pieces are not written again", different == 1, different)

# Other data of the same name, or the wish for it, start anew.
(folder / "taken_up.npy").unlink()
killed("taken_up.npy")
ended = cases.ruska("convert", "scan.hspy", "-o", "taken_up.npy", "--no-resume", *memory)
cases.check("--no-resume starts anew", "kept" not in ended.stderr, ended.stderr)
(folder / "taken_up.npy").unlink()
killed("taken_up.npy")
(folder / "scan.hspy").touch()
ended = cases.ruska("convert", "scan.hspy", "-o", "taken_up.npy", *memory)
cases.check("a file that has changed since starts anew", "kept" not in ended.stderr, ended.stderr)
cases.check("and nothing is left", not list(folder.glob("*.partial-*")))
cases.finish()
