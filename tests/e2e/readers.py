# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Real instrument files against the facts of reference readers: readers.py RUSKA [PATH...].

Without paths, everything under READ must be right; with paths (of ../shared/data), those are checked.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected"))
import compare  # noqa: E402

# What the drivers read, as folders of ../shared/data or endings of file names.
READ = [
    "bruker/",
    "ebsd/edax_binary/",
    "ebsd/nordif/Pattern.dat",
    "ebsd/oxford_binary/",
    "edax/",
    "eds_maps/",
    "emd/",
    "hspy/",
    "jeol/",
    "msa/",
    "phenom/",
    "prz/",
    "ripple/",
    "semper/",
    "tilt_series/eds_bcf/",
    ".ang",
    ".ctf",
    ".hspy",
    ".msa",
    ".npy",
    ".npz",
]

if __name__ == "__main__":
    sys.exit(compare.run(sys.argv[1], sys.argv[2:] or READ))
