# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""peers_convert.py PROGRAM FILE OUTPUT: rosettasciio, h5py or numpy write the signal of a .hspy file to OUTPUT, lazily.

Prints one JSON object: wall and processor time from before opening, peak resident memory. RosettaSciIO computes with dask on
two threads; h5py and numpy copy eight patterns at a time, which is a storage chunk.
"""
import json
import os
import resource
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "2")
warnings.simplefilter("ignore")
program, path, output = sys.argv[1:4]

import dask  # noqa: E402
import h5py  # noqa: E402
import numpy as np  # noqa: E402

dask.config.set(scheduler="threads", num_workers=2)
CHUNK = (1, 8, 256, 256)


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def with_rosettasciio():
    import importlib

    import rsciio
    kind = output.rsplit(".", 1)[1]
    module = importlib.import_module("rsciio." + {"hspy": "hspy", "zspy": "zspy", "tif": "tiff"}[kind])
    options = {"hspy": {"chunks": CHUNK, "compression": "gzip", "compression_opts": 1, "shuffle": True},
               "zspy": {"chunks": CHUNK}, "tif": {}}[kind]

    def convert():
        from rsciio import hspy
        signal = hspy.file_reader(path, lazy=True)[0]
        signal["data"] = signal["data"].rechunk(CHUNK)
        signal.setdefault("learning_results", {})
        signal.setdefault("tmp_parameters", {})
        signal["package_info"] = {"package": "hyperspy", "package_version": "2.0"}
        module.file_writer(output, signal, **options)
    return rsciio.__version__, convert


def values():
    return next(iter(h5py.File(path, "r")["Experiments"].values()))["data"]


def copy(data, out):
    for i in range(data.shape[0]):
        for j in range(0, data.shape[1], CHUNK[1]):
            out[i, j:j + CHUNK[1]] = data[i, j:j + CHUNK[1]]


def with_h5py():
    def convert():
        data = values()
        with h5py.File(output, "w") as file:
            copy(data, file.create_dataset("data", data.shape, data.dtype, chunks=CHUNK, compression="gzip",
                                           compression_opts=1, shuffle=True))
    return h5py.__version__, convert


def with_numpy():
    def convert():
        data = values()
        out = np.lib.format.open_memmap(output, "w+", data.dtype, data.shape)
        copy(data, out)
        out.flush()
    return np.__version__, convert


version, convert = {"rosettasciio": with_rosettasciio, "h5py": with_h5py, "numpy": with_numpy}[program]()
before, began, worked = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.perf_counter(), processor()
convert()
print(json.dumps({"program": program, "version": version, "seconds": time.perf_counter() - began,
                  "cpu_seconds": processor() - worked, "before_bytes": before,
                  "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
