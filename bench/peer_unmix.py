# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""One job of HyperSpy on the cube of bench_unmix, in its own process: peer_unmix.py JOB FOLDER.

JOB is pca (randomised SVD, 10 components) or nmf (4 components), both with normalize_poissonian_noise. The conversion
to float64, which HyperSpy asks its users to make, is timed apart. Factors and loadings go into FOLDER, figures to
standard output as one JSON object. The caller sets the number of threads in the environment.
"""
import json
import pathlib
import resource
import sys
import time

import hyperspy
import hyperspy.api as hs
import numpy as np

job, folder = sys.argv[1], pathlib.Path(sys.argv[2])
hs.preferences.General.show_progressbar = False


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_memory(array):
    """The mapped file's pages count as memory only once they are read, as in any reader."""
    return np.array(array)


before = peak_memory()
start = time.perf_counter()
signal = hs.signals.Signal1D(in_memory(np.load(folder / "cube.npy", mmap_mode="r")))
signal.change_dtype("float64")
loaded = time.perf_counter()
if job == "pca":
    signal.decomposition(True, algorithm="SVD", output_dimension=10, svd_solver="randomized", print_info=False)
else:
    signal.decomposition(True, algorithm="NMF", output_dimension=4, print_info=False)
seconds = time.perf_counter() - loaded
result = signal.learning_results
name = "pca" if job == "pca" else "nmf_frobenius"
np.save(folder / f"hyperspy_{name}_factors.npy", np.ascontiguousarray(result.factors.T))
np.save(folder / f"hyperspy_{name}_loadings.npy", np.ascontiguousarray(result.loadings))
print(json.dumps({"job": name, "seconds": seconds, "load_seconds": loaded - start,
                  "memory_bytes": peak_memory() - before, "version": hyperspy.__version__}))
