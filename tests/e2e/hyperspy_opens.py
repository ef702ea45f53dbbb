"""HyperSpy opens result files: titles, shapes, axes, units, values. It knows .hspy by itself and needs the reader for .h5."""
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
cases.check("spectra are spectra", phases["spectra"].axes_manager.signal_axes[0].units == "keV")
cases.finish()
