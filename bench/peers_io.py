# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""peers_io.py PROGRAM JOB FILE: rosettasciio or hyperspy opens FILE, or reads and sums all values of its obvious signal.

Prints one JSON object: wall and processor time from before opening, the sum, peak resident memory above the imports. The
lazy reader runs dask on two threads, the other one reads into memory; `read` is lazy, `read_whole` is not.
"""
import json
import os
import resource
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
warnings.simplefilter("ignore")
program, job, path = sys.argv[1:4]

import dask  # noqa: E402
import dask.array  # noqa: E402,F401
import numpy as np  # noqa: E402

dask.config.set(scheduler="threads", num_workers=2)
try:
    import hdf5plugin  # noqa: E402,F401
except ImportError:
    pass


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def with_rosettasciio():
    import importlib

    import rsciio
    from rsciio import IO_PLUGINS
    extension = path.rsplit(".", 1)[1]
    names = {"mib": "QuantumDetector", "blo": "Blockfile", "dm4": "DigitalMicrograph", "hspy": "HSPY", "zspy": "ZSPY", "emd": "EMD",
             "bcf": "Bruker"}
    if extension not in names:
        raise SystemExit("no reader of ." + extension)
    module = importlib.import_module(next(one["api"] for one in IO_PLUGINS if one["name"] == names[extension]))
    options = {"select_type": "spectrum_image"} if extension == "emd" else {"select_type": "spectrum_image"} \
        if extension == "bcf" else {}

    def load(lazy):
        found = module.file_reader(path, lazy=lazy, **options)
        return max((one["data"] for one in found), key=lambda data: data.size)
    return rsciio.__version__, load


def with_hyperspy():
    import hyperspy
    import hyperspy.api as hs
    hs.signals.Signal2D(np.zeros((2, 2)))  # imports what it needs

    def load(lazy):
        found = hs.load(path, lazy=lazy, **({"reader": "EMD"} if path.endswith(".emd") else {}))
        found = found if isinstance(found, list) else [found]
        return max((one.data for one in found), key=lambda data: data.size)
    return getattr(hyperspy, "__version__", None) or hyperspy.Release.version, load


def summed(data):
    if hasattr(data, "compute"):
        total = data.sum(dtype=np.uint64).compute()
        return int(total.todense() if hasattr(total, "todense") else total)
    return int(np.asarray(data).sum(dtype=np.uint64))


version, load = {"rosettasciio": with_rosettasciio, "hyperspy": with_hyperspy}[program]()
before, times = peak(), []
for _ in range(1 if job == "open" else 2):  # the second time, what is compiled on the way is there
    began, worked = time.perf_counter(), processor()
    data = load(job != "read_whole")
    total = None if job == "open" else summed(data)
    times.append((time.perf_counter() - began, processor() - worked))
    size = int(data.size) * data.dtype.itemsize
    del data
print(json.dumps({"program": program, "version": version, "job": job, "seconds": min(t[0] for t in times),
                  "cpu_seconds": min(t[1] for t in times), "sum": total, "before_bytes": before, "peak_bytes": peak(),
                  "bytes": size}))
