# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""diffraction.disks and diffraction.strain beside py4DSTEM, on the same patterns and the same lists.

    peers_disks.py disks RUSKA         patterns a second and error of the positions; prints one JSON object a line
    peers_disks.py strain RUSKA FILE   strain maps from the disk lists of FILE (py4DSTEM 0.13)

Both run on two threads at most. ruska is timed as a whole command, with reading and writing; py4DSTEM from the data in
memory to its lists. Strain is compared where both have it and more than eight disks, once with equal weights for all
disks in both and once as each does by itself: py4DSTEM weights a disk with the square of its intensity. Its formula is of
first order, e = 1 − β. "Outliers" differ by more than five spreads (1.4826 times the median absolute deviation).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "2")
import numpy as np  # noqa: E402
import py4DSTEM  # noqa: E402

SIDE, RADIUS, COUNTS, BACKGROUND = 256, 8.0, 500.0, 0.02


def coverage(y, x, radius):
    """Share of each pixel that a disc about (y, x) covers, by 6 x 6 points."""
    points = (np.arange(6) - 2.5) / 6
    rows, columns = np.arange(SIDE)[:, None] + points, np.arange(SIDE)[:, None] + points
    top, left = max(0, int(y - radius - 2)), max(0, int(x - radius - 2))
    part = (slice(top, int(y + radius + 3)), slice(left, int(x + radius + 3)))
    inside = ((rows[part[0]] - y) ** 2)[:, :, None, None] + ((columns[part[1]] - x) ** 2)[None, None] < radius ** 2
    return part, inside.mean((1, 3))


def simulate(number):
    """Patterns of a turned square lattice, 29 disks on average, and where they are."""
    random = np.random.default_rng(1)
    frames, truth = np.zeros((number, SIDE, SIDE), np.uint16), []
    for frame in frames:
        mean, disks = np.full((SIDE, SIDE), BACKGROUND), []
        for h in range(-3, 4):
            for k in range(-3, 4):
                if (h or k) and random.random() < 0.42:
                    continue
                y, x = 128 + 33 * h + 6 * k + random.uniform(-1, 1), 128 - 6 * h + 33 * k + random.uniform(-1, 1)
                part, covered = coverage(y, x, RADIUS)
                mean[part] += covered * COUNTS / (np.pi * RADIUS ** 2)
                disks.append((y, x))
        frame[:] = random.poisson(mean)
        truth.append(np.array(disks))
    return frames, truth


def score(lists, truth):
    """Share found, share right, root mean square error along an axis."""
    right, errors, placed, found = 0, [], 0, 0
    for disks, true in zip(lists, truth):
        placed += len(true)
        found += len(disks)
        if len(disks) == 0:
            continue
        offsets = disks[:, None] - true[None]
        nearest = (offsets ** 2).sum(-1).argmin(1)
        offsets = offsets[np.arange(len(disks)), nearest]
        good = (offsets ** 2).sum(-1) < 1
        right += good.sum()
        errors.append(offsets[good])
    errors = np.concatenate(errors)
    return {"recall": round(right / placed, 4), "precision": round(right / found, 4),
            "rms_px": round(float(np.sqrt((errors ** 2).mean())), 4)}


def run(ruska, *arguments):
    start = time.perf_counter()
    subprocess.run([ruska, *map(str, arguments), "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def disks(ruska):
    frames, truth = simulate(1024)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        np.save(folder / "frames.npy", frames.reshape(32, 32, SIDE, SIDE))
        for position in ("likelihood", "upsampling", "parabola"):
            seconds = min(run(ruska, "diffraction.disks", folder / "frames.npy", "-o", folder / "disks.h5", "--threads",
                              2, "--radius", RADIUS, "--position", position) for _ in range(2))
            run(ruska, "convert", folder / "disks.h5", "--signal", "disks", "-o", folder / "disks.npy")
            values = np.load(folder / "disks.npy").reshape(len(frames), -1, 3)[..., :2]
            lists = [one[np.isfinite(one[:, 0])] for one in values]
            print(json.dumps({"program": "ruska", "position": position, "patterns_per_second":
                              round(len(frames) / seconds, 1), **score(lists, truth)}), flush=True)
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot((y + SIDE // 2) % SIDE - SIDE // 2, (x + SIDE // 2) % SIDE - SIDE // 2)
    probe, annulus = 1.0 * (distance < RADIUS), np.zeros((SIDE, SIDE))
    ring = (distance > RADIUS) & (distance < 2 * RADIUS)
    annulus[ring] = np.sin(np.pi * (distance[ring] - RADIUS) / RADIUS) ** 2
    kernel = probe / probe.sum() - annulus / annulus.sum()
    for subpixel, smoothing, number in (("multicorr", 2, 48), ("multicorr", 0, 48), ("poly", 2, 192)):
        cube = py4DSTEM.DataCube(data=frames[:number].reshape(1, number, SIDE, SIDE))
        start = time.perf_counter()
        found = cube.find_Bragg_disks(template=kernel, corrPower=1, sigma_cc=smoothing, subpixel=subpixel,
                                      upsample_factor=16, minRelativeIntensity=0.3, minPeakSpacing=1.5 * RADIUS,
                                      edgeBoundary=int(RADIUS), maxNumPeaks=70)
        seconds = time.perf_counter() - start
        lists = [np.stack([found.raw[0, i].data["qx"], found.raw[0, i].data["qy"]], -1) for i in range(number)]
        print(json.dumps({"program": f"py4DSTEM {py4DSTEM.__version__}", "position": subpixel, "sigma_cc": smoothing,
                          "patterns_per_second": round(number / seconds, 2), **score(lists, truth)}), flush=True)


def strain_by_ruska(ruska, file, weighting):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(ruska, "diffraction.strain", file, "-o", folder / "strain.h5", "--threads", 2, "--weighting", weighting)
        maps = {}
        for title in ("strain", "strain_sigma", "rotation", "rotation_sigma", "lattice", "disks_used"):
            run(ruska, "convert", folder / "strain.h5", "--signal", title, "-o", folder / "map.npy")
            maps[title] = np.load(folder / "map.npy")
    return maps


def strain_by_py4dstem(lists, lattice, weighted):
    """Disks indexed by their nearest node, as py4DSTEM does; then its own functions."""
    from py4DSTEM import PointListArray
    from py4DSTEM.process.strain import latticevectors
    basis, origin = lattice[:4].reshape(2, 2), lattice[4:]
    spacing = 0.25 * np.hypot(*basis.T).min()
    fields = [("qx", float), ("qy", float), ("intensity", float), ("g1_ind", int), ("g2_ind", int)]
    indexed = PointListArray(dtype=fields, shape=lists.shape[:2])
    for place in np.ndindex(lists.shape[:2]):
        ky, kx, intensity = lists[place][np.isfinite(lists[place][:, 0])].T
        offset = np.stack([kx, ky], -1) - origin
        index = np.rint(offset @ np.linalg.inv(basis))
        near = ((offset - index @ basis) ** 2).sum(1) <= spacing ** 2
        weights = intensity if weighted else np.ones_like(intensity)
        indexed[place].add_data_by_field((ky[near], kx[near], weights[near], *index[near].T.astype(int)))
    start = time.perf_counter()
    fitted = latticevectors.fit_lattice_vectors_all_DPs(indexed)
    mask = fitted.get_slice("mask").data.astype(bool)
    reference = latticevectors.get_reference_g1g2(fitted, mask)
    strain = latticevectors.get_strain_from_reference_g1g2(fitted, *reference)
    seconds = time.perf_counter() - start
    # Its x is ruska's y.
    parts = [100 * strain.get_slice(name).data for name in ("e_yy", "e_xx", "e_xy")]
    return [*parts, np.degrees(strain.get_slice("theta").data)], mask, seconds


def spread(values):
    return round(float(1.4826 * np.median(np.abs(values - np.median(values)))), 4)


def strain(ruska, file):
    with tempfile.TemporaryDirectory() as name:
        run(ruska, "convert", file, "-o", pathlib.Path(name) / "lists.npy")
        lists = np.load(pathlib.Path(name) / "lists.npy")
    for weighting, weighted in (("uniform", False), ("auto", True)):
        maps = strain_by_ruska(ruska, file, weighting)
        theirs, mask, seconds = strain_by_py4dstem(lists, np.nanmedian(maps["lattice"], (1, 2)), weighted)
        both = mask & np.isfinite(maps["rotation"]) & (maps["disks_used"] > 8)
        print(json.dumps({"weights_ruska": weighting, "weights_py4DSTEM": "intensity squared" if weighted else "uniform",
                          "positions": int(both.sum()), "py4DSTEM_seconds": round(seconds, 2)}))
        ours = [*maps["strain"], maps["rotation"]]
        sigmas = [*maps["strain_sigma"], maps["rotation_sigma"]]
        for part, a, b, sigma in zip(("xx (%)", "yy (%)", "xy (%)", "rotation (°)"), ours, theirs, sigmas):
            a, b = a[both], b[both]
            close = np.abs(a - b) < 5 * spread(a - b)
            print(json.dumps({"part": part, "correlation": round(float(np.corrcoef(a[close], b[close])[0, 1]), 4),
                              "outliers": int((~close).sum()),
                              "median_difference": round(float(np.median(a - b)), 4),
                              "median_absolute_difference": round(float(np.median(np.abs(a - b))), 4),
                              "spread_ruska": spread(a), "spread_py4DSTEM": spread(b),
                              "median_sigma": round(float(np.median(sigma[both])), 4)}, ensure_ascii=False))


if __name__ == "__main__":
    {"disks": disks, "strain": strain}[sys.argv[1]](*sys.argv[2:])
