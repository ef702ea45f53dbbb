"""One process with 1, 2 and 7 threads and two MPI ranks give the same bits, streamed or in memory."""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402
from support.examples import Examples  # noqa: E402
from support.scans import write_crystal, write_scan  # noqa: E402

cases = Cases(sys.argv[1])
examples = Examples(cases, "same_bits")
cases.ruska("simulate.eds", "-o", "needle.h5", "--tilts", 1, "--y", 48, "--x", 60, "--counts_per_spectrum", 100)
write_scan(cases.folder / "scan.raw", 9, 11, 48)
write_crystal(cases.folder / "crystal.raw", 9, 11, 72)
with_mpi = json.loads(cases.ruska("doctor", "--json").stdout)["mpi"] and shutil.which("mpirun")
names = [o["name"] for o in json.loads(cases.ruska("list", "--json").stdout)["operations"]]


def digests(text):
    return [[o["name"], o.get("digest", o.get("value", o.get("text")))] for o in json.loads(text)["record"]["outputs"]]


for name in names:
    if (example := examples.of(name)) is None:
        continue
    command = [name, *example["arguments"], "-o", "out.h5", "--force", "--json"]
    one = digests(cases.ruska(*command, "--threads", 1).stdout)
    for threads in (2, 7):
        cases.check(f"{name}: {threads} threads give the bits of one",
                    digests(cases.ruska(*command, "--threads", threads).stdout) == one)
    plan = json.loads(cases.ruska(*command, "--plan", "--threads", 2).stdout)
    least = plan["least_memory_bytes"]
    cases.check(f"{name}: {least / 2**20:.0f} MiB give the same bits",
                digests(cases.ruska(*command, "--threads", 2, "--memory", least).stdout) == one)
    if not with_mpi:
        cases.skip(f"{name}: two ranks", "built without MPI, or no mpirun")
        continue
    for ranks in (2, 3):
        ended = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(ranks), cases.binary,
                                *map(str, command)], cwd=cases.folder, capture_output=True, text=True)
        if cases.check(f"{name}: mpirun -n {ranks} ends well", ended.returncode == 0, ended.stderr[-1500:]):
            cases.check(f"{name}: {ranks} ranks give the bits of one process", digests(ended.stdout) == one)
cases.finish()
