# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""PCA and NMF by HyperSpy on the first tilts of a series: peer_tilt_series.py FILE TILTS.

Prints seconds and peak memory as JSON. Conversion to float64, which HyperSpy asks its users to make, is in both.
"""
import json
import resource
import sys
import time

import h5py
import hyperspy
import hyperspy.api as hs

path, tilts = sys.argv[1], int(sys.argv[2])
hs.preferences.General.show_progressbar = False


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


start = time.perf_counter()
with h5py.File(path) as file:
    experiment = next(iter(file["Experiments"].values()))
    signal = hs.signals.Signal1D(experiment["data"][:tilts])
signal.change_dtype("float64")
# Spectra and channels without counts, by which the normalisation would divide.
empty = signal.sum(signal.axes_manager.signal_axes) == 0
dark = signal.data.sum((0, 1, 2)) == 0
for job, options in (("pca", {"algorithm": "SVD", "svd_solver": "randomized", "output_dimension": 10}),
                     ("nmf", {"algorithm": "NMF", "output_dimension": 3})):
    signal.decomposition(True, print_info=False, navigation_mask=empty, signal_mask=dark, **options)
    print(json.dumps({"program": "HyperSpy " + hyperspy.__version__, "job": job, "tilts": tilts,
                      "seconds": round(time.perf_counter() - start, 1), "peak_bytes": peak_memory()}), flush=True)
    start = time.perf_counter()
