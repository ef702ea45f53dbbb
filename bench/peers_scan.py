# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""peers_scan.py PEER FOLDER: three virtual detectors, centre of mass, sum and maximum pattern of FOLDER/frames.npy by
numpy, hyperspy, pyxem, libertem or py4dstem; prints one JSON object. Every integer must equal ruska's results in FOLDER.

The file is read once before, so that all find it in the page cache.
"""
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
import numpy as np  # noqa: E402

peer, folder = sys.argv[1], pathlib.Path(sys.argv[2])
masks = np.load(folder / "masks.npy")
stored = np.load(folder / "frames.npy", mmap_mode="r")
frames = stored.reshape(-1, *stored.shape[-2:])
height, width = frames.shape[1:]
y, x = np.mgrid[:height, :width]


def with_numpy():
    """In blocks that the caches hold; float64 products with BLAS, which are exact for these sums."""
    weights = np.stack([np.ones_like(x), x, y, *masks]).reshape(6, -1).T.astype(np.float64)
    sums = np.zeros((len(frames), 6), np.int64)
    total = np.zeros((height, width), np.int64)
    largest = np.zeros((height, width), frames.dtype)
    for start in range(0, len(frames), 16):
        block = np.asarray(frames[start:start + 16])
        sums[start:start + 16] = np.rint(block.reshape(len(block), -1).astype(np.float64) @ weights)
        total += block.sum(0, dtype=np.int64)
        np.maximum(largest, block.max(0), out=largest)
    return "all", np.__version__, sums, total, largest


def with_hyperspy():
    import hyperspy.api as hs
    signal = hs.signals.Signal2D(frames)
    images = [(signal.data * mask).sum((1, 2), dtype=np.int64) for mask in masks]
    total = signal.sum(signal.axes_manager.signal_axes).data.astype(np.int64)
    pattern = signal.sum().data.astype(np.int64)
    largest = signal.max().data
    moments = [(signal.data * axis.astype(np.int64)).sum((1, 2), dtype=np.int64) for axis in (x, y)]
    return "all", hs.__version__, np.stack([total, *moments, *images], 1), pattern, largest


def with_pyxem():
    import hyperspy.api as hs
    import pyxem
    signal = pyxem.signals.Diffraction2D(stored[...])
    reach = min(height, width) / 2
    for outer, inner in ((0.25, 0), (0.25, 0.125), (1, 0.3)):
        signal.get_integrated_intensity(hs.roi.CircleROI(width / 2, height / 2, outer * reach, inner * reach))
    total = signal.sum(signal.axes_manager.signal_axes).data.reshape(-1).astype(np.int64)
    # Positions are given as shifts of the pattern that bring them to its middle, along x and y.
    shifts = signal.get_direct_beam_position(method="center_of_mass").data.reshape(-1, 2)
    moments = [np.rint((size // 2 - shifts[:, axis]) * total) for axis, size in enumerate((width, height))]
    # Its circles hold some pixels more along their edges, so that their sums cannot be compared.
    sums = np.stack([total, *moments], 1).astype(np.int64)
    return "all, circles of its own", pyxem.__version__, sums, signal.sum().data.astype(np.int64), signal.max().data


def with_libertem():
    import libertem
    import libertem.api as lt
    from libertem.udf import UDF
    from libertem.udf.masks import ApplyMasksUDF
    from libertem.udf.sum import SumUDF

    class MaximumUDF(UDF):
        def get_result_buffers(self):
            return {"largest": self.buffer(kind="sig", dtype="float64")}

        def process_tile(self, tile):
            np.maximum(self.results.largest[:], tile.max(axis=0), out=self.results.largest[:])

        def merge(self, dest, src):
            np.maximum(dest.largest[:], src.largest, out=dest.largest[:])

    stack = np.stack([np.ones_like(x), x, y, *masks]).astype(np.float64)
    with lt.Context.make_with(cpus=2, gpus=0) as context:
        data = context.load("npy", path=str(folder / "frames.npy"), nav_shape=stored.shape[:2], sig_shape=(height, width))
        udfs = [ApplyMasksUDF(mask_factories=lambda: stack, use_sparse=False, mask_count=6, mask_dtype=np.float64),
                SumUDF(dtype="int64"), MaximumUDF()]
        context.run_udf(data, udfs)
        global began
        began = time.perf_counter()  # the first run starts its workers
        one, two, three = context.run_udf(data, udfs)
    sums = np.rint(one["intensity"].data).astype(np.int64).reshape(len(frames), 6)
    return "all", libertem.__version__, sums, two["intensity"].data.astype(np.int64), three["largest"].data


def with_py4dstem():
    import py4DSTEM
    from py4DSTEM.process.utils import get_CoM
    cube = py4DSTEM.DataCube(stored[...])
    everything = np.ones((height, width), bool)
    images = [cube.get_virtual_image(mode="mask", geometry=mask.astype(bool), name=f"image {i}").data.reshape(-1)
              for i, mask in enumerate([everything, *masks])]
    centers = np.array([get_CoM(frame) for frame in frames])  # along the first axis of a pattern, then the second
    total = images[0]
    moments = [np.rint(centers[:, 1] * total), np.rint(centers[:, 0] * total)]
    pattern = np.rint(cube.get_dp_mean().data * len(frames)).astype(np.int64)
    sums = np.stack([total, *moments, *images[1:]], 1).astype(np.int64)
    return "all", py4DSTEM.__version__, sums, pattern, cube.get_dp_max().data


if __name__ == "__main__":  # LiberTEM starts processes that read this file again
    for start in range(0, len(frames), 256):
        frames[start:start + 256].max()
    began = time.perf_counter()
    done, version, sums, pattern, largest = {"numpy": with_numpy, "hyperspy": with_hyperspy, "pyxem": with_pyxem,
                                             "libertem": with_libertem, "py4dstem": with_py4dstem}[peer]()
    seconds = time.perf_counter() - began
    equal = bool((sums == np.load(folder / "ruska_sums.npy").reshape(len(frames), -1)[:, :sums.shape[1]]).all()
                 and (pattern == np.load(folder / "ruska_pattern.npy")[0]).all()
                 and (largest == np.load(folder / "ruska_maximum.npy")[0]).all())
    print(json.dumps({"job": "one", "program": peer, "version": version, "does": done, "bytes": frames.nbytes,
                      "seconds": seconds, "equal": equal}))
    sys.exit(not equal)
