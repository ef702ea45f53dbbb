"""One camera from its calibration to strain: every number beside the truth that the simulation knows."""
import math
import pathlib
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

cases = Cases(sys.argv[1])
check, ruska, folder = cases.check, cases.ruska, cases.folder


def data(file, name):
    with h5py.File(folder / file) as opened:
        return opened[f"Experiments/{name}/data"][()]


def number(file, name):
    with h5py.File(folder / file) as opened:
        attributes = opened[f"ruska/numbers/{name}"].attrs
        return attributes["value"], attributes["sigma"]


def axes(file, name):
    with h5py.File(folder / file) as opened:
        group = opened[f"Experiments/{name}"]
        return [dict(group[f"axis-{a}"].attrs) for a in range(group["data"].ndim)]


# A camera: an ellipse, a turn against the scan, one camera length. Three specimens in front of it.
ratio, direction, turn = 1.04, 50, 25
detector = 128
camera = ["--detector_x", detector, "--ellipticity", ratio, "--ellipse_angle", direction, "--rotation", turn]
ruska("simulate.diffraction_scan", "-o", "film.h5", "--specimen", "powder", "--dose", 50000, "--speckle", 0.2,
      "--convergence_angle", 1.0, "--disc_radius", 2.5, "--descan_plane", 1, *camera)
pixel = axes("film.h5", "data")[3]["scale"]

# The film: origin, ellipse, size of a pixel.
ruska("diffraction.origin", "film.h5", "--signal", "data", "-o", "film_origin.h5")
ruska("diffraction.ellipse", "film.h5", "--signal", "data", "-o", "film_ellipse.h5",
      "--calibration", "film_origin.h5::calibration")
value, sigma = number("film_ellipse.h5", "ratio")
check("the ellipse's ratio is found within 0.1 %", abs(value / ratio - 1) < 0.001, (value, sigma))
value, sigma = number("film_ellipse.h5", "angle")
check("and its direction within 1°", abs(value - direction) < 1, (value, sigma))
ruska("diffraction.pixel_size", "film.h5", "--signal", "data", "-o", "film_size.h5", "--tolerance", 0.4,
      "--calibration", "film_ellipse.h5::calibration")
value, sigma = number("film_size.h5", "pixel_size")
check("the pixel size is found within 0.2 %", abs(value / pixel - 1) < 0.002, (value, pixel, sigma))

# A phase object tells the turn between scan and detector. Its camera length is another, which is said where it matters.
ruska("simulate.diffraction_scan", "-o", "atoms.h5", "--specimen", "phase_object", "--x", 28, "--y", 24, "--dose", 40000,
      "--descan_plane", 1, *camera)
ruska("diffraction.origin", "atoms.h5", "--signal", "data", "-o", "atoms_origin.h5",
      "--calibration", "film_size.h5::calibration")
ruska("diffraction.rotation", "atoms.h5", "--signal", "data", "-o", "atoms_rotation.h5", "--contrast", "positive_peaks",
      "--transposed", "no", "--calibration", "atoms_origin.h5::calibration")
value, sigma = number("atoms_rotation.h5", "angle")
check("the rotation is found within 2° and 3 σ", abs(value - turn) < min(2, 3 * sigma + 0.5), (value, sigma))
ruska("diffraction.dpc", "atoms.h5", "--signal", "data", "-o", "phase.h5",
      "--pixel_size", axes("atoms.h5", "data")[3]["scale"], "--calibration", "atoms_rotation.h5::calibration")
phase, truth = data("phase.h5", "phase"), data("atoms.h5", "probed_phase")
correlation = np.corrcoef(phase.ravel(), truth.ravel())[0, 1]
check("the phase is that of the specimen", correlation > 0.9, correlation)

# A strained crystal at the film's camera length: its own origin, the rest from film and atoms.
ruska("simulate.diffraction_scan", "-o", "crystal.h5", "--specimen", "disks", "--x", 14, "--y", 12, "--dose", 40000,
      "--disc_radius", 5, "--convergence_angle", 2.0, "--spacing", 22, "--strain", 0.03, "--descan_plane", 2.6, *camera)
check("the crystal stands before the same camera", math.isclose(axes("crystal.h5", "data")[3]["scale"], pixel))
ruska("diffraction.origin", "crystal.h5", "--signal", "data", "-o", "crystal_origin.h5",
      "--calibration", "atoms_rotation.h5::calibration")
off = data("crystal_origin.h5", "origin") - data("crystal.h5", "center")
check("the origin is found within 0.1 px at every position", np.abs(off).max() < 0.1, np.abs(off).max())
calibration = ["--calibration", "crystal_origin.h5::calibration"]

ruska("diffraction.scan", "crystal.h5", "--signal", "data", "-o", "scan.h5", "--radial", "true", *calibration,
      "--detectors", "bf=disc:2.5,ring=annulus:3:6", "--lengths", "mrad")
images = data("scan.h5", "images")
patterns, centers = data("crystal.h5", "data"), data("crystal.h5", "center")
y, x = np.mgrid[:detector, :detector]
a, b = math.sqrt(ratio), 1 / math.sqrt(ratio)
c, s = math.cos(math.radians(direction)), math.sin(math.radians(direction))
wrong = 0
for row in range(12):
    for column in range(14):
        px, py = centers[:, row, column]
        dx, dy = x - px, y - py
        r = np.hypot((c * dx + s * dy) / a, (c * dy - s * dx) / b) * 0.4
        wrong = max(wrong, abs(images[0, row, column] / patterns[row, column][r <= 2.5].sum() - 1))
check("bright field in mrad follows the origin: that of each position's own true centre within 5 %", wrong < 0.05, wrong)
check("the radial profile is in 1/nm or mrad", axes("scan.h5", "radial")[2]["units"] == "mrad",
      axes("scan.h5", "radial")[2]["units"])

# Strain: in the scan's frame, against the truth; and how far off it is without the calibration.
truth = data("crystal.h5", "strain")
reference = np.zeros((12, 14), "uint8")
reference[0] = reference[-1] = 1
reference[:, 0] = reference[:, -1] = 1
np.save(folder / "reference.npy", reference)


def strain_error(file):
    found = np.concatenate([data(file, "strain") / 100, data(file, "rotation")[None]])
    difference = found - truth
    # Against the same reference: the median of that region.
    difference -= np.median(difference[:, reference > 0], axis=1)[:, None, None]
    return [float(np.sqrt(np.nanmean(one**2))) for one in difference]


ruska("diffraction.disks", "crystal.h5", "--signal", "data", "-o", "disks.h5", "--radius", 5)
ruska("diffraction.strain", "disks.h5", "--signal", "disks", "-o", "strain.h5", "--reference", "reference.npy",
      *calibration)
ruska("diffraction.strain", "disks.h5", "--signal", "disks", "-o", "plain.h5", "--reference", "reference.npy")
good, plain = strain_error("strain.h5"), strain_error("plain.h5")
check("strain is that of the crystal within 0.2 % rms", max(good[:3]) < 0.002, (good, plain))
check("and the rotation within 0.1°", good[3] < 0.1, good)
check("without the calibration it is not", max(plain[:3]) > 3 * max(good[:3]), (good, plain))
cases.finish()
