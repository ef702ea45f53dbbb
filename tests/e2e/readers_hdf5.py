# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""HyperSpy, NCEM and Velox files against the facts of reference readers: readers_hdf5.py RUSKA."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected"))
import compare  # noqa: E402

if __name__ == "__main__":
    sys.exit(compare.run(sys.argv[1], ["hspy", "eds_maps", "emd"]))
