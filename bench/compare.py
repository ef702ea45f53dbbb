# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""compare.py FOLDER: one table of times, memory and accuracy from what bench/run has left in FOLDER.

Accuracy is computed here, in the same way for both programs: for principal components the weighted squared error against
the exact truncated SVD, for factors both losses and the angles to the true spectra. Exits with 1 when a target of
the benchmark is missed.
"""
import itertools
import json
import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
cube = np.load(folder / "cube.npy", mmap_mode="r")
channels = cube.shape[-1]
counts = np.asarray(cube).reshape(-1, channels)
truth = np.load(folder / "truth.npy")
stored_bytes = counts.nbytes
g, h = counts.sum(1, dtype=float), counts.sum(0, dtype=float)
row_weight = np.where(g > 0, 1 / np.sqrt(np.maximum(g, 1)), 0)
column_weight = np.where(h > 0, 1 / np.sqrt(np.maximum(h, 1)), 0)
blocks = [slice(i, i + 4096) for i in range(0, len(counts), 4096)]
figures = {}
for line in (folder / "figures.json").read_text().splitlines():
    entry = json.loads(line)
    figures[entry["program"], entry["job"]] = entry


def load(program, job):
    return np.load(folder / f"{program}_{job}_loadings.npy"), np.load(folder / f"{program}_{job}_factors.npy")


def losses(loadings, factors):
    """Weighted squared error and Poisson divergence. A mean of zero under counts would be an infinite divergence: a
    millionth of the mean spectrum is added to both programs' fits."""
    squares = divergence = 0.0
    floor = 1e-6 * np.outer(g, h / h.sum())
    for rows in blocks:
        x, mean = counts[rows].astype(float), loadings[rows] @ factors
        squares += (((x - mean) * row_weight[rows, None] * column_weight) ** 2).sum()
        mean = np.maximum(mean, 0) + floor[rows]
        filled = x > 0
        divergence += (x[filled] * np.log(x[filled] / mean[filled])).sum() - x.sum() + mean.sum()
    return squares, divergence


def angles(factors):
    """Degrees between each true spectrum and its match, best over all matchings."""
    unit = factors / np.linalg.norm(factors, axis=1, keepdims=True)
    true_unit = truth / np.linalg.norm(truth, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip(true_unit @ unit.T, -1, 1)))
    order = min(itertools.permutations(range(len(truth))), key=lambda p: sum(angle[i, j] for i, j in enumerate(p)))
    return [angle[i, j] for i, j in enumerate(order)]


gram = np.zeros((channels, channels))
total = 0.0
for rows in blocks:
    weighted = counts[rows] * row_weight[rows, None] * column_weight
    gram += weighted.T @ weighted
    total += (weighted ** 2).sum()
exact = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0))
best = total - (exact[:10] ** 2).sum()
limits = figures["ruska", "limits"]
# What the algorithms must do at least: read the stored counts once and their sparse form once per further pass.
nonzeros = int((counts != 0).sum())
pairs = sum(int(((counts[rows] != 0).sum(1).astype(float) ** 2).sum() / 2) for rows in blocks)
sparse_bytes = 8 * nonzeros

failed = []


def target(text, reached):
    print(f"  {'reached' if reached else 'MISSED'}: {text}")
    if not reached:
        failed.append(text)


def line(name, program, job, *values):
    entry = figures[program, job]
    print(f"{name:34s} {entry['seconds']:9.2f} s {entry['memory_bytes'] / stored_bytes:7.2f}  ", *values)


print(f"256 x 256 x 1024, uint16, {stored_bytes >> 20} MiB, {nonzeros / len(counts):.0f} nonzeros per spectrum, 2 threads; "
      f"HyperSpy {figures['hyperspy', 'pca']['version']}")
print("ruska: best of 5 runs, reading the file included; HyperSpy: one run, reading and conversion to float64 left out")
print(f"{'':34s} {'time':>11s} {'memory':>7s}   accuracy (memory: peak on top of the program, in units of the stored data)")
error = {}
for program in "ruska", "hyperspy":
    error[program] = losses(*load(program, "pca"))[0]
    line(f"{program}: weighted PCA-10", program, "pca", f"excess squared error {error[program] / best - 1:.1e}")
values = np.array(figures["ruska", "pca"]["singular_values"])
worst = np.abs(values / exact[:10] - 1).max()
print(f"  ruska's singular values are within {worst:.1e} of NumPy's exact ones")
ratio = figures["hyperspy", "pca"]["seconds"] / figures["ruska", "pca"]["seconds"]
target(f"PCA-10 {ratio:.1f} times as fast (10 wanted)", ratio >= 10)
target("PCA-10 is exact to 1e-6 and fits no worse", worst < 1e-6 and error["ruska"] <= error["hyperspy"] * (1 + 1e-9))

fit = {}
for program, job, name in (("ruska", "nmf_poisson", "KL-NMF-4"), ("ruska", "nmf_frobenius", "weighted NMF-4"),
                           ("hyperspy", "nmf_frobenius", "weighted NMF-4")):
    loadings, factors = load(program, job)
    fit[program, job] = losses(loadings, factors)
    line(f"{program}: {name}", program, job,
         f"squared error {fit[program, job][0]:.5f}, divergence {fit[program, job][1]:.6g}, angles",
         " ".join(f"{angle:.2f}" for angle in angles(factors)), "deg")
peer = figures["hyperspy", "nmf_frobenius"]["seconds"]
for job, index, name in ("nmf_poisson", 1, "KL-NMF-4, divergence"), ("nmf_frobenius", 0, "weighted NMF-4, squared error"):
    ratio = peer / figures["ruska", job]["seconds"]
    target(f"{name} no higher than the peer's, {ratio:.1f} times as fast (10 wanted)",
           ratio >= 10 and fit["ruska", job][index] <= fit["hyperspy", "nmf_frobenius"][index] * (1 + 1e-6))
memory = max(figures["ruska", job]["memory_bytes"] for job in ("pca", "nmf_poisson", "nmf_frobenius")) / stored_bytes
target(f"peak memory {memory:.2f} of the stored data (1.5 allowed)", memory <= 1.5)

bandwidth, flops = limits["bytes_per_second"], limits["flops_per_second"]
print(f"limits of this machine: {bandwidth / 1e9:.1f} GB/s read, {flops / 1e9:.1f} Gflop/s float64")
for job, passes, work in (("pca", 2, 2 * pairs + 4 / 3 * channels ** 3 + 20 * nonzeros),
                          ("nmf_poisson", figures["ruska", "nmf_poisson"]["passes"] + 3, None),
                          ("nmf_frobenius", figures["ruska", "nmf_frobenius"]["passes"] + 4, None)):
    if work is None:
        # Per nonzero and pass: two evaluations of mean, gain and Hessian, and the scattered sums; squares: two products.
        work = (2 * pairs + 4 / 3 * channels ** 3 +
                figures["ruska", job]["passes"] * nonzeros * (100 if job == "nmf_poisson" else 16))
    bytes_least = stored_bytes + passes * sparse_bytes
    least = max(bytes_least / bandwidth, work / flops)
    seconds = figures["ruska", job]["seconds"]
    print(f"  {job}: {bytes_least / 1e9:.2f} GB need {bytes_least / bandwidth:.3f} s, {work / 1e9:.2f} Gflop need "
          f"{work / flops:.3f} s; measured {seconds:.3f} s = {seconds / least:.1f} times the larger")
sys.exit(bool(failed))
