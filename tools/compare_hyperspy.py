#!/usr/bin/python3
# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares `ruska unmix.phases` with HyperSpy's decomposition of the same file.

HyperSpy: NMF of the Poisson-normalised data with as many components as ruska found. Components are matched by the angle
between spectra; maps, as the share of each position's counts, by their correlation. ruska's spectra are means over the purest positions, with what lies under and
over them; HyperSpy's factors are contributions. The angle to the nearest non-negative mixture of all factors tells
whether both describe the same spectra. One table row per phase.

Needs HyperSpy 1.7 (Debian: python3-hyperspy). Prints Markdown.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time
import warnings

import h5py
import numpy as np
from scipy.optimize import linear_sum_assignment, nnls

warnings.filterwarnings("ignore")
import hyperspy.api as hs  # noqa: E402


def spectrum_image(path):
    signals = hs.load(path)
    signals = signals if isinstance(signals, list) else [signals]
    return max((s for s in signals if s.axes_manager.signal_dimension == 1), key=lambda s: s.data.size)


def ruska_phases(binary, path, options):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "result.h5")
        start = time.perf_counter()
        subprocess.run([binary, "unmix.phases", path, "-o", out, "--quiet", *options], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        with h5py.File(out) as file:
            data = {name: file[f"Experiments/{name}/data"][()]
                    for name in ("abundances", "abundances_sigma", "spectra", "phase_map")}
            table = file["ruska/tables/phases"]
            data["names"] = [name.decode() for name in table["name"][()]]
            data["record"] = json.loads(file["ruska/record"][()])
    return data, seconds


def hyperspy_nmf(signal, components):
    signal.change_dtype("float64")
    used = signal.data.sum(axis=-1) > 0
    # Left in, empty positions and channels become NaN in the weighting and the factorisation refuses them.
    empty = signal.data.reshape(-1, signal.data.shape[-1]).sum(axis=0) == 0
    start = time.perf_counter()
    signal.decomposition(normalize_poissonian_noise=True, algorithm="NMF", output_dimension=components,
                         navigation_mask=~used if (~used).any() else None,
                         signal_mask=empty if empty.any() else None, print_info=False)
    seconds = time.perf_counter() - start
    results = signal.learning_results
    return np.nan_to_num(results.factors.T), np.nan_to_num(results.loadings), seconds


def angle(one, other):
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the ruska program")
    parser.add_argument("files", nargs="+")
    arguments, options = parser.parse_known_args()
    print("| file | phase | angle to HyperSpy's factor (°) | angle to a mixture of its factors (°) | correlation of the maps | ruska (s) | HyperSpy NMF (s) |")
    print("|---|---|---|---|---|---|---|")
    for path in arguments.files:
        ours, seconds = ruska_phases(arguments.binary, path, options)
        signal = spectrum_image(path)
        counts = signal.data.reshape(-1, signal.data.shape[-1]).sum(axis=1).astype(float)
        phases = len(ours["names"])
        factors, loadings, their_seconds = hyperspy_nmf(signal, phases)
        shares = loadings * factors.sum(axis=1)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        angles = np.array([[angle(s, f) for f in factors] for s in ours["spectra"]])
        mine, theirs = linear_sum_assignment(angles)
        used = (ours["phase_map"].ravel() >= 0) & (counts > 0)
        for k, other in zip(mine, theirs):
            a, b = ours["abundances"][k].ravel()[used], shares[:, other][used]
            correlation = np.corrcoef(a, b)[0, 1] if phases > 1 else float("nan")
            mixture = factors.T @ nnls(factors.T, ours["spectra"][k])[0]
            print(f"| {os.path.basename(path)} | {ours['names'][k]} | {angles[k, other]:.1f} | "
                  f"{angle(ours['spectra'][k], mixture):.1f} | {correlation:.2f} | "
                  f"{seconds:.1f} | {their_seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
