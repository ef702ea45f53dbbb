# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""peers_tensor.py RUSKA: denoise.tensor_svd, tensorly's Tucker decomposition and matrix PCA on the same Poisson counts of
an analytic lattice scan (96 x 96 positions, 24 x 24 pixels); one JSON object per case with PSNR in dB and seconds.

Both decompositions get the ranks 9, 9, 13; ruska also runs with its own. tensorly runs when the interpreter has it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
import numpy as np  # noqa: E402

try:
    import tensorly
    from tensorly.decomposition import tucker
except ImportError:
    tensorly = None

ruska = pathlib.Path(sys.argv[1]).resolve()
RANKS = (9, 9, 13)


def run(folder, *arguments):
    began = time.perf_counter()
    subprocess.run([ruska, *map(str, arguments), "--quiet"], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def array(folder, file, signal):
    run(folder, "convert", file, "--signal", signal, "-o", "array.npy", "--force")
    return np.load(folder / "array.npy").astype(np.float64)


for dislocation in ("false", "true"):
    for dose in (1.0, 0.1):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            scan = ["simulate.diffraction_scan", "--specimen", "lattice", "--dislocation", dislocation, "--dose", dose,
                    "--dose_per", "pixel"]
            run(folder, *scan, "-o", "truth.h5", "--noise", "false")
            run(folder, *scan, "-o", "counts.h5")
            truth, counts = array(folder, "truth.h5", "data"), array(folder, "counts.h5", "data")

            def quality(values):
                return 10 * np.log10(truth.max() ** 2 / np.mean((values.reshape(truth.shape) - truth) ** 2))

            result = {"dislocation": dislocation == "true", "dose": dose, "noisy": quality(counts)}
            seconds = run(folder, "denoise.tensor_svd", "counts.h5", "--signal", "data", "-o", "given.h5", "--ranks",
                          ",".join(map(str, RANKS)), "--non_negative", "no")
            result["ruska"] = quality(array(folder, "given.h5", "denoised"))
            result["ruska_command_seconds"] = seconds
            run(folder, "denoise.tensor_svd", "counts.h5", "--signal", "data", "-o", "own.h5")
            result["ruska_automatic"] = quality(array(folder, "own.h5", "denoised"))
            for components in (5, 9, 15):
                run(folder, "unmix.pca", "counts.h5", "--signal", "data", "-o", "pca.h5", "--components", components,
                    "--weighting", "none", "--force")
                result["matrix_pca"] = max(result.get("matrix_pca", 0), quality(array(folder, "pca.h5", "reconstruction")))
            if tensorly is not None:
                matrix = counts.reshape(*counts.shape[:2], -1)
                began = time.perf_counter()
                core, factors = tucker(matrix, rank=list(RANKS), n_iter_max=100, tol=1e-6, init="svd")
                result["tensorly_seconds"] = time.perf_counter() - began
                result["tensorly"] = quality(tensorly.tucker_to_tensor((core, factors)))
                result["tensorly_version"] = tensorly.__version__
            print(json.dumps(result), flush=True)
