# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Real instrument files against the facts of reference readers: readers.py RUSKA [PATH...].

Every file of ../shared/data must be right, or those that are named: folders, paths, endings such as ".dm3".
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected"))
import compare  # noqa: E402

if __name__ == "__main__":
    sys.exit(compare.run(sys.argv[1], sys.argv[2:]))
