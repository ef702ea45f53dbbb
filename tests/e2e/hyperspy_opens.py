"""HyperSpy opens result files and .zspy: titles, shapes, axes, units, values. It knows .hspy by itself and needs the reader for .h5."""
import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

logging.disable(logging.WARNING)
try:
    import hyperspy.api as hs
except ImportError as error:
    print(f"SKIP: HyperSpy is not installed ({error})")
    sys.exit(0)

cases = Cases(sys.argv[1])
cases.ruska("simulate.eds", "-o", "needle.h5", "--tilts", 1, "--y", 20, "--x", 24, "--counts_per_spectrum", 200)
cases.ruska("unmix.phases", "needle.h5", "--signal", "data", "-o", "phases.h5")


def opened(name):
    signals = hs.load(str(cases.folder / name), reader="HSPY")
    signals = signals if isinstance(signals, list) else [signals]
    return {signal.metadata.General.title: signal for signal in signals}


needle = opened("needle.h5")
data = needle["data"]
cases.check("the spectrum image opens as EDS", data.metadata.Signal.signal_type == "EDS_TEM", repr(data))
cases.check("shape and order", data.data.shape == (20, 24, 900), data.data.shape)
energy = data.axes_manager.signal_axes[0]
cases.check("the energy axis is calibrated in keV", energy.units == "keV" and abs(energy.scale - 0.01) < 1e-9, energy)
cases.check("navigation axes are calibrated in nm", all(a.units == "nm" for a in data.axes_manager.navigation_axes))
cases.check("the beam energy is known", data.metadata.Acquisition_instrument.TEM.beam_energy > 0)

phases = opened("phases.h5")
for title in ("abundances", "abundances_sigma", "spectra", "spectra_sigma", "phase_map"):
    cases.check(f"{title} opens", title in phases, sorted(phases))
abundances = phases["abundances"]
cases.check("abundances are a stack of maps", abundances.axes_manager.signal_shape == (24, 20),
            abundances.axes_manager.signal_shape)

cases.ruska("convert", "needle.h5", "--signal", "data", "-o", "needle.zspy")
stored = hs.load(str(cases.folder / "needle.zspy"))
cases.check("a .zspy folder holds the same values", (stored.data == data.data).all(), repr(stored))
for ours, same in zip(stored.axes_manager._axes, data.axes_manager._axes):
    cases.check(f"its axis {same.name} is the same", (ours.name, ours.units, ours.scale, ours.offset, ours.size) ==
                (same.name, same.units, same.scale, same.offset, same.size), repr(ours))
cases.check("and its metadata", stored.metadata.Acquisition_instrument.as_dictionary() ==
            data.metadata.Acquisition_instrument.as_dictionary(), stored.metadata)
cases.check("spectra are spectra", phases["spectra"].axes_manager.signal_axes[0].units == "keV")
cases.finish()
