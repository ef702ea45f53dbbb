# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Spectra go to HyperSpy as EMSA/MAS files and come back: values, axis, title, instrument."""
import logging
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

logging.disable(logging.WARNING)
try:
    import hyperspy.api as hs
except ImportError as error:
    print(f"SKIP: HyperSpy is not installed ({error})")
    sys.exit(0)

HEADER = """#FORMAT      : EMSA/MAS Spectral Data File
#TITLE       : grain boundary, 5 \xb5m
#DATE        : 29-FEB-2024
#TIME        : 07:05
#XUNITS      : eV
#XLABEL      : Energy
#YLABEL      : Counts
#YUNITS      : Intensity
#DATATYPE    : Y
#XPERCHAN    : 0.1
#OFFSET      : -12.3
#SIGNALTYPE  : ELS
#BEAMKV   -kV: 200
#CONVANGLE-mR: 1.5
#COLLANGLE-mR: 3.4
#SPECTRUM    :
"""

cases = Cases(sys.argv[1])
values = [0.1, 1e-300, 123456789.123456, -7.0, 2.0 ** 60, 1 / 3]
text = HEADER + "".join(f"{value!r}\n" for value in values) + "#ENDOFDATA\n"
(cases.folder / "given.msa").write_bytes(text.encode("latin-1"))
cases.ruska("convert", "given.msa", "-o", "ours.msa")
ours = hs.load(str(cases.folder / "ours.msa"))
axis = ours.axes_manager[0]
cases.check("values are the same to the last bit", ours.data.tolist() == values, ours.data.tolist())
cases.check("the axis is the same", (axis.name, axis.units, axis.scale, axis.offset) == ("Energy", "eV", 0.1, -12.3), axis)
cases.check("the title is the same", ours.metadata.General.title == "grain boundary, 5 \xb5m", ours.metadata.General.title)
cases.check("date and time are the same", (ours.metadata.General.date, ours.metadata.General.time) ==
            ("2024-02-29", "07:05:00"))
cases.check("it is an EELS spectrum", ours.metadata.Signal.signal_type == "EELS", repr(ours))
cases.check("the quantity is the same", ours.metadata.Signal.quantity == "Counts (Intensity)", ours.metadata.Signal)
microscope = ours.metadata.Acquisition_instrument.TEM
cases.check("the instrument is the same",
            (microscope.beam_energy, microscope.convergence_angle, microscope.Detector.EELS.collection_angle) ==
            (200.0, 1.5, 3.4), microscope)

# HyperSpy writes six decimals, so values that have no more come back from it.
ours.data = numpy.array([0.125, 3.0, 1e9, -7.0, 0.0, 2.5])
ours.save(str(cases.folder / "theirs.msa"))
cases.ruska("convert", "theirs.msa", "-o", "back.npy")
cases.check("what HyperSpy writes is read", numpy.load(cases.folder / "back.npy").tolist() == ours.data.tolist())
cases.ruska("convert", "ours.msa", "-o", "again.msa")
cases.check("written twice is the same file", (cases.folder / "again.msa").read_bytes() ==
            (cases.folder / "ours.msa").read_bytes())
cases.finish()
