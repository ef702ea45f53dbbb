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
    describe(path, rows, columns, side)


def write_crystal(path, rows, columns, side):
    """Raw file and sidecar: discs of radius 3 on a square lattice of 13 pixels, which is stretched from left to right,
    uint16, Poisson counts."""
    random = np.random.default_rng(2)
    y, x = np.mgrid[:side, :side]
    orders = range(-(side // 26 - 1), side // 26)
    with open(path, "wb") as file:
        for _ in range(rows):
            for column in range(columns):
                frame = np.full((side, side), 0.1)
                stretch = 1 + 0.02 * column / columns
                for h in orders:
                    for k in orders:
                        disc = (y - side / 2 - 13 * h) ** 2 + (x - side / 2 - 13 * k / stretch) ** 2 < 9
                        frame[disc] += 60 if h == k == 0 else 20
                file.write(random.poisson(frame).astype("<u2").tobytes())
    describe(path, rows, columns, side)


def describe(path, rows, columns, side):
    shape = {"dtype": "uint16", "byte_order": "little", "shape": [rows, columns, side, side]}
    path.with_name(path.name + ".json").write_text(json.dumps(shape))
