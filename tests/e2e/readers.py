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
    "4dstem/",
    "arina/",
    "blockfile/",
    "bruker/",
    "delmic/",
    "dens/",
    "digitalsurf/",
    "dm/",
    "ebsd/bruker_h5ebsd/",
    "ebsd/edax_binary/",
    "ebsd/emsoft_ebsd/",
    "ebsd/emsoft_ebsd_master_pattern/",
    "ebsd/kikuchipy_h5ebsd/",
    "ebsd/nordif/Pattern.dat",
    "ebsd/oxford_binary/",
    "ebsd/si_in.h5",
    "ebsd/si_out5mm.h5",
    "edax/",
    "eds_maps/",
    "emd/",
    "empad/",
    "hspy/",
    "images/",
    "impulse/",
    "jeol/",
    "jobinyvon/",
    "mib/",
    "mrc/",
    "msa/",
    "nexus/",
    "nsid/",
    "orientation/",
    "phenom/",
    "protochips/",
    "prz/",
    "renishaw/",
    "ripple/",
    "semper/",
    "tia/",
    "tilt_series/",
    "topspin/",
    "trivista/",
    "tvips/",
    "zspy/",
    ".ang",
    ".bmp",
    ".ctf",
    ".dm3",
    ".hspy",
    ".jpg",
    ".msa",
    ".npy",
    ".npz",
    ".png",
    ".tif",
]

if __name__ == "__main__":
    sys.exit(compare.run(sys.argv[1], sys.argv[2:] or READ))
