# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Bruker and Ripple files, and NumPy arrays, against the facts of reference readers: readers_other.py RUSKA."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected"))
import compare  # noqa: E402

if __name__ == "__main__":
    sys.exit(compare.run(sys.argv[1], ["bruker", "ripple", "tilt_series/eds_bcf"]))
