"""A file four times larger than --memory: the same answer, and a peak within the budget."""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

cases = Cases(sys.argv[1])
shape = (1024, 256, 1024)
budget = 128 << 20
random = np.random.default_rng(1)
lines = np.exp(-0.5 * ((np.arange(1024)[None] - np.array([100, 300, 640])[:, None]) / 6) ** 2) + 0.02
lines /= lines.sum(axis=1, keepdims=True)
path = cases.folder / "large.raw"
with open(path, "wb") as file:
    for block in range(16):
        share = random.dirichlet([0.5] * 3, size=(4, 256))
        piece = random.poisson(100 * share @ lines).astype(np.uint16)
        for turn in range(16):
            file.write(np.roll(piece, 7 * turn + block, axis=1).tobytes())
path.with_suffix(".raw.json").write_text(json.dumps({
    "dtype": "uint16", "byte_order": "little", "shape": shape, "axes": [
        {"name": "y", "units": "nm", "scale": 1, "offset": 0, "role": "navigation"},
        {"name": "x", "units": "nm", "scale": 1, "offset": 0, "role": "navigation"},
        {"name": "Energy", "units": "keV", "scale": 0.01, "offset": 0, "role": "signal"}]}))
size = path.stat().st_size
cases.check("the file is four times the budget", size >= 4 * budget, size)

baseline = cases.peak_memory("doctor")
out = cases.folder / "streamed.h5"
peak = cases.peak_memory("unmix.pca", path, "-o", out, "--components", 3, "--memory", budget, "--threads", 2)
print(f"file {size / 2**20:.0f} MiB, budget {budget / 2**20:.0f} MiB, peak resident {peak / 2**20:.0f} MiB, "
      f"of which the program itself {baseline / 2**20:.0f} MiB")
cases.check("the peak stays within the budget", peak - baseline <= budget, (peak - baseline) / 2**20)
cases.ruska("unmix.pca", path, "-o", "whole.h5", "--components", 3, "--threads", 2)


def digests(name):
    import h5py
    with h5py.File(cases.folder / name) as file:
        return json.loads(file["ruska/record"][()])["outputs"]


cases.check("streamed and in memory are the same bits", digests("streamed.h5") == digests("whole.h5"))
cases.finish()
