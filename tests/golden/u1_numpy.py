# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""u1_numpy.py FOLDER CHANNELS: compares ruska's weighted components with NumPy's float64 SVD of the same matrix.

FOLDER holds raw arrays: counts (uint16), loadings, factors, singular_values (float64). The tolerance of 1e-6, relative
to the largest value, is what squaring the matrix for its Gram matrix costs at most; both are float64.
"""
import pathlib
import sys

import numpy as np

folder, channels = pathlib.Path(sys.argv[1]), int(sys.argv[2])
counts = np.fromfile(folder / "counts", np.uint16).reshape(-1, channels).astype(np.float64)
factors = np.fromfile(folder / "factors").reshape(-1, channels)
components = len(factors)
loadings = np.fromfile(folder / "loadings").reshape(-1, components)
singular_values = np.fromfile(folder / "singular_values")[:components]

weights = np.outer(counts.sum(1), counts.sum(0))
weights = np.where(weights > 0, 1 / np.sqrt(np.maximum(weights, 1)), 0)
u, s, vt = np.linalg.svd(counts * weights, full_matrices=False)
expected = (u[:, :components] * s[:components]) @ vt[:components]
worst_value = np.abs(singular_values / s[:components] - 1).max()
worst_element = np.abs(loadings @ factors * weights - expected).max() / np.abs(expected).max()
print(f"NumPy {np.__version__}: singular values within {worst_value:.1e}, elements within {worst_element:.1e}")
sys.exit(not (worst_value < 1e-6 and worst_element < 1e-6))
