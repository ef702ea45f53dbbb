# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Small 4D-STEM scans for end-to-end scripts."""
import json

import numpy as np


def write_scan(path, rows, columns, side):
    """Raw file and sidecar: a bright disc that wanders over side x side pixels, uint16, Poisson counts."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:side, :side]
    with open(path, "wb") as file:
        for row in range(rows):
            shift = np.linspace(-2, 2, columns)[:, None, None]
            disc = (y - side / 2 - 2 * np.sin(row)) ** 2 + (x - side / 2 - shift) ** 2 < (0.2 * side) ** 2
            file.write(random.poisson(np.where(disc, 30, 1)).astype("<u2").tobytes())
    shape = {"dtype": "uint16", "byte_order": "little", "shape": [rows, columns, side, side]}
    path.with_name(path.name + ".json").write_text(json.dumps(shape))
