"""However a run ends, there is no half result under the final name, and a word on what happened."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases, limit_file_size  # noqa: E402

cases = Cases(sys.argv[1])
folder = cases.folder
cases.ruska("simulate.eds", "-o", "needle.h5", "--tilts", 1, "--y", 124, "--x", 165)
command = [cases.binary, "unmix.nmf", "needle.h5", "--signal", "data", "--components", "6", "--starts", "8",
           "--tolerance", "1e-14", "--max_iterations", "5000"]


def entries():
    return sorted(p.name for p in folder.iterdir())


def interrupted(how, output):
    process = subprocess.Popen([*command, "-o", output], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, stdin=subprocess.DEVNULL)
    time.sleep(1.5)
    running = process.poll() is None
    asked = time.monotonic()
    process.send_signal(how)
    _, error = process.communicate(timeout=60)
    cases.check(f"{how.name} reaches a run under way", running, error)
    return process, error, time.monotonic() - asked


for how in (signal.SIGINT, signal.SIGTERM):
    for output in ("out.h5", "out"):
        process, error, seconds = interrupted(how, output)
        cases.check(f"{how.name}, {output}: status 130 and a word", process.returncode == 130 and "stopped" in error,
                    (process.returncode, error))
        cases.check(f"{how.name}, {output}: nothing is left", entries() == ["needle.h5"], entries())
        cases.check(f"{how.name}, {output}: within seconds", seconds < 5, seconds)

# A stopped run keeps what is done when asked to.
scan = folder / "scan.raw"
scan.write_bytes(b"")
os.truncate(scan, 512 * 512 * 256 * 256 * 2)
(folder / "scan.raw.json").write_text('{"dtype": "uint16", "byte_order": "little", "shape": [512, 512, 256, 256]}')
process = subprocess.Popen([cases.binary, "diffraction.scan", "scan.raw", "-o", "part.h5", "--keep-partial",
                            "--detectors", "all=disc:100", "--center_x", "128", "--center_y", "128"],
                           cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
time.sleep(1)
process.send_signal(signal.SIGINT)
out, error = process.communicate(timeout=120)
cases.check("SIGINT, --keep-partial: status 130 and how much is there", process.returncode == 130 and "stopped after" in out,
            (process.returncode, out, error))
cases.ruska("convert", "part.h5", "--signal", "positions_read", "-o", "read.npy")
read = np.load(folder / "read.npy")
cases.check("SIGINT, --keep-partial: a part was read", 0 < read.sum() < read.size, read.sum())
cases.check("a part is not replayed", "stopped" in cases.ruska("replay", "part.h5", status=3).stderr)
for path in folder.iterdir():
    if path.name != "needle.h5":
        path.unlink()

process, _, _ = interrupted(signal.SIGKILL, "out.h5")
cases.check("SIGKILL leaves nothing under the final name", "out.h5" not in entries(), entries())
(folder / "out.h5.partial-999999999").write_bytes(b"left by a process that was killed")
cases.ruska("unmix.pca", "needle.h5", "--signal", "data", "-o", "out.h5", "--components", 2)
cases.check("the next run removes what a killed one left", entries() == ["needle.h5", "out.h5"], entries())
(folder / "out.h5").unlink()

# A disk that is full: the file size limit fails the write in the same way.
for output in ("full.h5", "full"):
    ended = cases.ruska("unmix.pca", "needle.h5", "--signal", "data", "-o", output, "--components", 20, status=6,
                        preexec_fn=limit_file_size(200_000))
    cases.check(f"full disk, {output}: one clear line", output in ended.stderr and len(ended.stderr.splitlines()) == 1,
                ended.stderr)
    cases.check(f"full disk, {output}: nothing is left", entries() == ["needle.h5"], entries())
ended = cases.ruska("convert", "needle.h5", "--signal", "data", "-o", "full.npy", status=6,
                    preexec_fn=limit_file_size(200_000))
cases.check("full disk, convert: nothing is left", entries() == ["needle.h5"], entries())

# A read that fails: the file ends before its header says.
cases.ruska("convert", "needle.h5", "--signal", "data", "-o", "cut.npy")
os.truncate(folder / "cut.npy", (folder / "cut.npy").stat().st_size // 2)
ended = cases.ruska("unmix.pca", "cut.npy", "-o", "cut.h5", status=5)
cases.check("a cut file is named", "cut.npy" in ended.stderr, ended.stderr)
cases.check("a cut file leaves nothing", "cut.h5" not in entries(), entries())
cases.finish()
