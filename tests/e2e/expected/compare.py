# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares what `ruska info` and `ruska convert` say of real files with what reference readers read from them.

The files and the facts (expected.json) lie in ../shared/data beside the repository; where they are absent, `run` says
so and succeeds. Integers must be equal, floats within 1e-6 (sums, means, axes) or equal (single values).
"""

import collections
import fractions
import json
import math
import os
import subprocess
import sys
import tempfile
import zipfile

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DATA = os.path.join(os.path.dirname(ROOT), "shared", "data")

# Reference readers' spellings of units, and ruska's.
UNITS = {None: "", "[]": "", "n_m": "nm", "[n_m]": "nm", "A^-1": "1/Å", "<undefined>": "", "nm^-1": "1/nm",
         "Seconds": "s"}

# Byte order is the file's affair, and ruska has no booleans.
DTYPES = {">u2": "uint16", ">u4": "uint32", "bool": "uint8"}

# The entries of the metadata tree that are compared, by their last name.
METADATA_KEYS = ("beam_energy", "elements", "tilt_alpha", "tilt_beta", "energy_resolution_MnKa", "elevation_angle",
                 "azimuth_angle", "number_of_frames", "live_time", "real_time", "magnification", "camera_length",
                 "microscope", "date", "time", "signal_type")

# What HyperSpy 1.7.3 takes from its preferences where a file says nothing: not a fact of the file.
PREFERENCES = {"energy_resolution_MnKa": 130.0, "azimuth_angle": 0.0, "elevation_angle": 35.0, "tilt_alpha": 0.0}


# First and last time in logs, in seconds.
TIMES_IN_LOGS = {
    "impulse/StubExperiment_Synchronized data.csv": (7.787, 403.662),
    "protochips/protochips_thermal.csv": (0.0, 257.649),
}


def from_the_file(metadata):
    return {path: value for path, value in metadata.items() if PREFERENCES.get(path.rsplit(".", 1)[-1]) != value}




def corrected_axes(name, axes):
    """Axes of camera formats where the file itself proves the reference wrong."""
    folder = name.split("/")[0]
    for axis in axes:
        if folder == "mrc" and axis["scale"] == -1:
            # A cell of negative length: Direct Electron's server writes it where no pixel size was set.
            axis.update(scale=1.0, units=None)
        if name == "mrc/20241021_00405_movie.mrc":
            # The text file gives 0.2, 0.1 nm and 0.1 for the pixels; the reference overwrites all of them with 1.
            axis["scale"] = {"y": 0.2, "x": 0.1, "ky": 0.1, "kx": 0.1}[axis["name"]]
        if folder == "tvips" and axis["name"] == "time":
            # The reference subtracts times of 7e8 s that had whole milliseconds; where the clock stands still, there
            # is no scale.
            axis["scale"] = round(axis["scale"], 3)
            if axis["scale"] == 0:
                axis.update(scale=1.0, units=None, offset=0.0)
        if folder == "dm" and axis["units"] == "keV":
            axis["name"] = "Energy"  # "x" in the reference, which names axes of EELS and CL spectra only
        if folder == "tia" and axis["units"] in ("nm", "1 / nm"):
            # The reference converts the scale alone and leaves the offset in metres or 1/metres.
            axis["offset"] *= 1e9 if axis["units"] == "nm" else 1e-9
            if axis["navigate"] and axis["name"] == "y":
                # The header's coordinate belongs to the index that it calls CalibrationElement, which is the last of
                # these maps' y; the positions that the elements carry agree. The reference takes it for the first.
                axis["offset"] -= axis["size"] * axis["scale"]
            if abs(axis["scale"]) > 1e15:
                # A camera's pattern: the .emi file beside says that the axis is reciprocal.
                axis["units"] = "1/nm"
                axis["scale"] *= 1e-18
                axis["offset"] *= 1e-18


def corrected_on_hdf5(name, expected):
    """Facts of formats on HDF5 where the file itself proves the reference wrong."""
    axes = expected["axes"]
    if name.startswith("arina/"):
        # The array is stored as uint32, row by row; the reference narrows it to uint16, names the slow axis x and leaves
        # all axes signal axes. The step of the scan is kept in the file's nm.
        expected["dtype"] = "uint32"
        for axis, new in zip(axes, ("y", "x", "ky", "kx")):
            axis.update(name=new, navigate=new in "yx")
            if axis["units"] == "A":
                axis.update(units="nm", scale=axis["scale"] / 10)
            else:
                axis["units"] = ""
    if name.startswith("topspin/"):
        if not any(axis["navigate"] for axis in axes):
            # PointCollection and RequestedBeamPosition say which coordinate is X and which Y; the reference gives the
            # offset of X to y and the other way round in images.
            axes[0]["offset"], axes[1]["offset"] = axes[1]["offset"], axes[0]["offset"]
        for axis in axes:
            if axis["units"] == "Angle":
                axis["units"] = "rad"
            if expected["shape"] == [83, 65]:
                # An image of angles, which the reference takes for one of lengths.
                axis.update(units="rad", scale=axis["scale"] / 1e9, offset=axis["offset"] / 1e9)
    if name.startswith("nexus/"):
        if not axes or expected["title"].rsplit("_", 1)[-1] in ("x", "y", "xaxis", "yaxis", "energy"):
            # Arrays beside the NXdata; the reference gives those that are coordinates the axes of the array that they
            # calibrate.
            del expected["axes"]
        elif all(axis["navigate"] for axis in axes):
            for axis in axes:
                axis["navigate"] = False  # as everywhere else, what has no signal axis has signal axes only
        for axis in axes:
            if expected["title"].endswith("axistest1_data") and axis["name"] == "x":
                # The file has the coordinates 3, 2.5 and 1, which the reference drops.
                axis.update(values_first=3.0, values_last=1.0)


def corrected(name, number, expected):
    """The facts of a signal where the file itself proves the reference wrong."""
    if name.split("/")[0] in ("arina", "nexus", "topspin"):
        expected = json.loads(json.dumps(expected))
        corrected_on_hdf5(name, expected)
    if name.split("/")[0] in ("blockfile", "dm", "mrc", "tia", "tvips"):
        expected = json.loads(json.dumps(expected))
        corrected_axes(name, expected["axes"])
    if name == "blockfile/test1.blo":
        # The header has tenths of a millimetre, the tree's unit is mm; the reference gives metres.
        expected["metadata"]["Acquisition_instrument.TEM.camera_length"] = 200.0
    if name == "tia/new/16x16-diffraction_imagel_5x5x256x256_EDS.emi" and number == 1:
        # The reference gives the second series the date of the first; its own ObjectInfo has this.
        expected["metadata"]["General.time"] = "19:21:01"
    if name == "dm/2D/test_fft_packed_complex8.dm4":
        expected["shape"] = [5, 5]
        # The transform of a real image is Hermitian; the reference leaves out the last column and does not mirror
        # the rows of the columns that it completes.
        for key in ("sum", "min", "max", "mean"):
            del expected[key]
        expected["probes"] = [p for p in expected["probes"] if p["index"] in ([2, 2], [2, 3])]
    if name == "emd/velox/velox_EELS_EDS.zip::example_velox_EELS_EDS.emd" and expected["shape"] == [128, 128, 4096]:
        # The reference takes the raster from whatever image comes last. Each of the six streams ends 319 pixels, and
        # Scan.ScanArea x Scan.ScanSize is 16 x 20 scan pixels, as are the maps made from them.
        expected = json.loads(json.dumps(expected))
        expected["shape"] = [16, 20, 4096]
        for axis, size in zip(expected["axes"], (16, 20, 4096)):
            axis["size"] = size
        expected["mean"] = expected["sum"] / (16 * 20 * 4096)
        probes = []
        for probe in expected["probes"]:
            y, x, channel = probe["index"]
            pixel = y * 128 + x
            if pixel < 320:
                probes.append({"index": [pixel // 20, pixel % 20, channel], "value": probe["value"]})
        expected["probes"] = probes
    if name == "tiff/FEI-Helios-navcam.tif":
        # The reference gives the pixel's width (IRBeam.HFW / Image.ResolutionX) to the height and the other way round.
        expected = json.loads(json.dumps(expected))
        height, width = expected["axes"]
        height["scale"], width["scale"] = 0.135155 / 512, 0.202732 / 768
    if name == "tiff/TVIPS_bin4.tif":
        # Times are written as ISO 8601 has them; the reference writes "9:01:17".
        expected = json.loads(json.dumps(expected))
        expected["metadata"]["General.time"] = "09:01:17"
    if name == "tiff/olympus_SIS.tif" and number == 0:
        # The tags say that the JPEG holds R, G and B; the reference took them for Y, Cb and Cr. All three are equal
        # within noise, as in the grey picture that they show, and Pillow reads the same.
        expected = json.loads(json.dumps(expected))
        expected.update(sum=4857285, mean=4857285 / (101 * 112 * 3),
                        probes=[{"index": [0, 0, part], "value": 114} for part in range(3)])
    if name == "tiff/olympus_SIS.tif" and number == 1:
        # The reference rounds the pixel size to 1e-15 m; the file has 2.3927917758761e-11 m.
        expected = json.loads(json.dumps(expected))
        for axis in expected["axes"]:
            axis["scale"] = 2.392791775876109e-11
    if name == "digitalsurf/test_spectral_map.sur":
        # Beam energies are in keV; the reference leaves the file's 4996 V as they stand.
        expected = json.loads(json.dumps(expected))
        expected["metadata"]["Acquisition_instrument.SEM.beam_energy"] = 4.996
    if name == "jobinyvon/jobinyvon_test_map_x3-y2.xml":
        # Dates are written as ISO 8601 has them; the reference copies "19.08.2022".
        expected = json.loads(json.dumps(expected))
        expected["metadata"]["General.date"] = "2022-08-19"
    if name == "renishaw/renishaw_test_map.wdf" and number == 1:
        # The facts have these numbers as fractions in texts.
        expected = json.loads(json.dumps(expected))
        for axis in expected["axes"]:
            axis["scale"], axis["offset"] = (float(fractions.Fraction(axis[key])) for key in ("scale", "offset"))
    if name in TIMES_IN_LOGS:
        # The rows of these logs are not equidistant. The reference puts equal steps in their place; here the axis has
        # the times of the file's own column.
        expected = json.loads(json.dumps(expected))
        expected["axes"][0].update(zip(("values_first", "values_last"), TIMES_IN_LOGS[name]))
    if name.startswith("jeol/") and expected["title"].startswith("EDS extracted"):
        # The file holds single events, no dtype; the reference's own default cannot hold more than 255 of them.
        expected = dict(expected, dtype="uint16")
    if name.startswith("phenom/") and all(axis["navigate"] for axis in expected["axes"]):
        # An image whose axes are all navigation has no signal; as everywhere else, an image's axes are signal axes.
        expected = dict(expected, axes=[dict(axis, navigate=False) for axis in expected["axes"]])
    if name.startswith("semper/") and len(expected["axes"]) == 2:
        # The reference names the axes in the order of the file's coordinates, x first; the array has rows (y) first.
        expected = json.loads(json.dumps(expected))
        expected["axes"][0]["name"], expected["axes"][1]["name"] = "y", "x"
    if name.startswith("prz/") and "Acquisition_instrument.TEM.camera_length" in expected["metadata"]:
        # Panta Rhei writes metres, as all its entries are SI; the metadata tree has millimetres.
        expected = json.loads(json.dumps(expected))
        expected["metadata"]["Acquisition_instrument.TEM.camera_length"] *= 1000
    return expected


def close(a, b, tolerance=1e-6):
    if a is None or b is None:
        return a == b
    if isinstance(a, float) and math.isnan(a) or isinstance(b, float) and math.isnan(b):
        return a != a and b != b
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b))


def plain_units(units):
    units = UNITS.get(units, units)
    return units.replace("1 / ", "1/")


def at_path(tree, dotted):
    """The entry whose dotted path is given; names may hold dots themselves."""
    if dotted == "":
        return tree
    if not isinstance(tree, dict):
        raise KeyError(dotted)
    for key in tree:
        if dotted == key:
            return tree[key]
        if dotted.startswith(key + "."):
            try:
                return at_path(tree[key], dotted[len(key) + 1:])
            except KeyError:
                continue
    raise KeyError(dotted)


def metadata_problems(got, expected):
    for path, value in expected.items():
        if path.rsplit(".", 1)[-1] not in METADATA_KEYS:
            continue
        try:
            found = at_path(got, path)
        except KeyError:
            if value in (None, "", []):
                continue
            yield f"metadata {path}: nothing, expected {value!r}"
            continue
        if isinstance(value, str) and isinstance(found, (int, float)):
            value = float(value)  # texts of numbers stay texts in the reference
        numeric = isinstance(value, (int, float)) and isinstance(found, (int, float))
        if not (close(found, value) if numeric else found == value):
            yield f"metadata {path}: {found!r}, expected {value!r}"


def axis_problems(got, expected):
    if len(got) != len(expected):
        yield f"{len(got)} axes, expected {len(expected)}"
        return
    for number, (a, b) in enumerate(zip(got, expected)):
        if a["name"] != (b["name"] or ""):
            yield f"axis {number}: name {a['name']!r}, expected {b['name']!r}"
        if plain_units(a["units"]) != plain_units(b["units"]):
            yield f"axis {number}: units {a['units']!r}, expected {b['units']!r}"
        if (a["role"] == "navigation") != b["navigate"]:
            yield f"axis {number}: role {a['role']}"
        if a["size"] != b["size"]:
            yield f"axis {number}: size {a['size']}, expected {b['size']}"
        if "values_first" in b:
            values = a.get("values", [])
            wanted = (b["values_first"], b["values_last"])
            if not values or not (close(values[0], wanted[0]) and close(values[-1], wanted[1])):
                yield f"axis {number}: coordinates {values[:1]} to {values[-1:]}, expected {wanted}"
            continue
        for key in ("scale", "offset"):
            # An offset of no more than rounding of the axis' length is none.
            slack = 1e-6 * abs(b["scale"]) if key == "offset" else 0
            if not close(a[key], b[key]) and abs(a[key] - b[key]) > slack:
                yield f"axis {number}: {key} {a[key]}, expected {b[key]}"


def stored_dtypes(record):
    """Reference readers copy Velox images into float64; what the file stores is right."""
    return {image["dtype"] for image in record.get("stored_images", [])}


def signal_problems(got, expected, array, record):
    if got["title"] != expected["title"]:
        yield f"title {got['title']!r}, expected {expected['title']!r}"
    if got["shape"] != expected["shape"]:
        yield f"shape {got['shape']}, expected {expected['shape']}"
        return
    expected = dict(expected, dtype=DTYPES.get(expected["dtype"], expected["dtype"]))
    if got["dtype"] != expected["dtype"] and not (expected["dtype"] == "float64" and
                                                  got["dtype"] in stored_dtypes(record)):
        yield f"dtype {got['dtype']}, expected {expected['dtype']}"
    if got["signal_type"] != (expected.get("signal_type") or ""):
        yield f"signal type {got['signal_type']!r}, expected {expected.get('signal_type')!r}"
    if "axes" in expected:  # facts of pictures by Pillow have none
        yield from axis_problems(got["axes"], expected["axes"])
    yield from metadata_problems(got["metadata"], expected.get("metadata") or {})
    yield from metadata_problems(got["metadata"], from_the_file(expected.get("metadata_second_reader") or {}))
    integer = expected["dtype"].startswith(("int", "uint"))
    with_nan = not array.dtype.names and array.dtype.kind == "f" and numpy.isnan(array).any()
    for key in ("sum", "min", "max", "mean"):
        found = got[key]
        if found is None and with_nan:
            found = float(getattr(numpy, "nan" + key)(array))  # the facts leave NaN out, ruska does not
        if key in expected and not close(found, expected[key], 1e-12 if integer else 1e-6):
            yield f"{key} {found}, expected {expected[key]}"
    if array.dtype.names:
        array = numpy.stack([array[name] for name in array.dtype.names], axis=-1)
    for probe in expected.get("probes", []):
        index = tuple(probe["index"])
        if array.ndim != len(index):
            yield f"the array has {array.ndim} axes, the probe {len(index)}"
            return
        found, wanted = array[index], probe["value"]
        if isinstance(wanted, dict):
            wanted = complex(wanted.get("real", wanted.get("re")), wanted.get("imag", wanted.get("im")))
        elif isinstance(wanted, (list, tuple)):
            wanted = complex(*wanted)
        if wanted is None or isinstance(wanted, str):
            same = wanted is None or str(complex(found) if numpy.iscomplexobj(found) else found) == wanted or (
                complex(found) == complex(wanted.replace(" ", "")))
        else:
            same = complex(found) == complex(wanted) or (found != found and wanted != wanted)
        if not same:
            yield f"value at {index} {found}, expected {wanted}"
            return


def ruska(binary, *arguments):
    return subprocess.run([binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900)


# Files whose facts are values without axes, as plain readers have them. Navigation axes may be split further.
VALUES_ALONE = (".npy", ".npz", ".ang", ".ctf", ".bmp", ".up1", ".ebsp", "Pattern.dat")


def value_problems(got, expected, array):
    if array.dtype.names:
        array = numpy.stack([array[name] for name in array.dtype.names], axis=-1)
    if array.size != int(numpy.prod(expected["shape"], dtype=int)):
        yield f"shape {list(array.shape)}, expected {expected['shape']}"
        return
    if str(array.dtype) != DTYPES.get(expected["dtype"], expected["dtype"]):
        yield f"dtype {array.dtype}, expected {expected['dtype']}"
    for key in ("sum", "min", "max", "mean"):
        if key in expected and not close(got[key], expected[key]):
            yield f"{key} {got[key]}, expected {expected[key]}"
    array = array.reshape(expected["shape"])
    if "value" in expected and not array.flat[0] == expected["value"]:
        yield f"value {array.flat[0]}, expected {expected['value']}"
    for probe in expected.get("probes", []):
        if array[tuple(probe["index"])] != probe["value"]:
            yield f"value at {probe['index']} {array[tuple(probe['index'])]}, expected {probe['value']}"


# Files whose facts are those of every array of an HDF5 file, named by its path, without axes.
PLAIN_HDF5 = "h5py"
# Of these, the driver reads what the format calls a signal, with axes; each must be one of the arrays.
CHOSEN_ARRAYS = ("nsid/", "4dstem/fpd_file_test.hdf5")
# More signals than the facts have, in another order.
MORE_SIGNALS = ("delmic/", "nexus/")


def is_plain(name, record):
    """Ragged arrays are no signals, and HyperSpy's own files are read as HyperSpy reads them."""
    return (str(record.get("reader")).startswith(PLAIN_HDF5) and not name.startswith("hspy/") and
            not any("element_dtype" in signal for signal in record["signals"]))


def pairs_of(name, record, got):
    """(number, ruska's signal, facts) of all that must agree; None stands for what is missing."""
    signals = record["signals"]
    plain = is_plain(name, record)
    if plain and name.startswith(CHOSEN_ARRAYS):
        for number, one in enumerate(got):
            facts = [s for s in signals if s["shape"] == one["shape"] and close(s.get("sum"), one["sum"])]
            yield number, one, facts[0] if facts else None
    elif plain or name.startswith(MORE_SIGNALS):
        left = list(enumerate(got))
        for expected in signals:
            if expected["dtype"].startswith("|S"):
                continue  # texts are no signal
            found = next((one for one in left if one[1]["title"] == expected["title"]), (None, None))
            if found in left:
                left.remove(found)
            yield found[0], found[1], expected
    else:
        yield from ((number, *both) for number, both in enumerate(zip(got, signals)))
        if len(got) != len(signals):
            yield None, None, None


def is_ragged(signal):
    """Facts of an array of lists: how long they are, and what they hold in total."""
    return "field_sums" in signal


# py4DSTEM counts x along the first axis of an image, ruska along the last.
FIELDS = {"qx": "ky", "qy": "kx"}


def ragged_problems(got, expected, array):
    """Lists of structures as an array with the axes disk and value, NaN behind the end of a list."""
    lengths = numpy.isfinite(array).all(axis=-1).sum(axis=-1)
    if not (numpy.isnan(array).all(axis=-1) == ~numpy.isfinite(array).all(axis=-1)).all():
        yield "a disk is there in part"
    if list(lengths.shape) != expected["shape"]:
        yield f"lists of the shape {list(lengths.shape)}, expected {expected['shape']}"
        return
    for key in ("sum", "min", "max", "mean"):
        if not close(float(getattr(lengths, key)()), expected[key]):
            yield f"{key} of the lengths {getattr(lengths, key)()}, expected {expected[key]}"
    for probe in expected["probes"]:
        if lengths[tuple(probe["index"])] != probe["value"]:
            yield f"length at {probe['index']} {lengths[tuple(probe['index'])]}, expected {probe['value']}"
    names = got["metadata"]["Diffraction"]["disk_values"]
    for field, total in expected["field_sums"].items():
        found = numpy.nansum(array[..., names.index(FIELDS.get(field, field))])
        if not close(float(found), total):
            yield f"sum of '{field}' {found}, expected {total}"


def has_facts(name, record):
    """Whether something proves how the file must be read."""
    signals = record.get("signals", [])
    return bool(signals) and (name.endswith(VALUES_ALONE) or is_plain(name, record) or
                              any("axes" in signal or signal.get("mode") == "L" or is_ragged(signal)
                                  for signal in signals))


def file_problems(binary, name, path, record, folder):
    done = ruska(binary, "info", path, "--json", "--statistics")
    signals = record.get("signals", [])
    values_alone = name.endswith(VALUES_ALONE) or is_plain(name, record)
    if not has_facts(name, record):
        # Nothing proves how to read it: a clear refusal and a reading are both right, a crash is not.
        if done.returncode not in (0, 1) and not 2 <= done.returncode < 64:
            yield f"ended with status {done.returncode}"
        elif done.returncode != 0 and "ruska:" not in done.stderr:
            yield "refused without a word"
        return
    if done.returncode != 0:
        yield f"status {done.returncode}: {done.stderr.strip()[:300]}"
        return
    got = json.loads(done.stdout)["signals"]
    pairs = list(pairs_of(name, record, got))
    if not pairs or any(one is None for _, one, _ in pairs):
        yield f"{len(got)} signals {[s['title'] for s in got]}, expected {[s['title'] for s in signals]}"
        return
    for number, one, expected in pairs:
        if expected is None:
            yield f"signal {number}: '{one['title']}' of the shape {one['shape']} is none of the arrays"
            continue
        out = os.path.join(folder, "signal.npy")
        done = ruska(binary, "convert", path, "--signal", str(number), "-o", out, "--force")
        if done.returncode != 0:
            yield f"signal {number}: convert ended with {done.returncode}: {done.stderr.strip()[:300]}"
            continue
        array = numpy.load(out)
        problems = (ragged_problems(one, expected, array) if is_ragged(expected) else
                    value_problems(one, expected, array) if values_alone else
                    signal_problems(one, corrected(name, number, expected), array, record))
        for problem in problems:
            yield f"signal {number}: {problem}"


def answer(binary, path):
    """What is said of a file of which nothing is known: the refusal, or what is read."""
    done = ruska(binary, "info", path)
    return (done.stderr if done.returncode != 0 else "read: " + done.stdout).strip().splitlines()[0]


def matches(path, pattern):
    """Whether a path of expected.json is the pattern, lies in that folder, or ends so when the pattern is an ending."""
    if pattern.startswith("."):
        return path.endswith(pattern)
    return path == pattern or path.startswith(pattern.rstrip("/") + "/")


def jobs_of(files, patterns, folder):
    """(name, path, facts) of every file that the patterns select, those in ZIP archives unpacked into the folder."""
    for name, record in sorted(files.items()):
        if "companion" in record or (patterns and not any(matches(name, pattern) for pattern in patterns)):
            continue
        path = os.path.join(DATA, name)
        if "members" not in record:
            yield name, path, record
            continue
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        for member, facts in record["members"].items():
            yield f"{name}::{member}", os.path.join(folder, member), facts


def table(rows):
    """Format by (files, signals, right, wrong, without facts: refused or read, as the line below the file says)."""
    print(f"{'format':<28}{'files':>7}{'signals':>9}{'right':>7}{'wrong':>7}{'no facts':>9}")
    sums = collections.Counter()
    for name in sorted(rows):
        row = rows[name]
        sums.update(row)
        print(f"{name:<28}" + "".join(f"{row[key]:>{width}}" for key, width in COLUMNS))
    print(f"{'all':<28}" + "".join(f"{sums[key]:>{width}}" for key, width in COLUMNS))


COLUMNS = (("files", 7), ("signals", 9), ("right", 7), ("wrong", 7), ("no facts", 9))


def run(binary, patterns):
    """Checks every file that the patterns select, all without any; returns the exit status."""
    facts = os.path.join(DATA, "expected.json")
    if not os.path.exists(facts):
        print("SKIP: the real files of ../shared/data are not here")
        return 0
    with open(facts, encoding="utf-8") as stream:
        files = json.load(stream)["files"]
    rows = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        for name, path, record in jobs_of(files, patterns, folder):
            row = rows[name.split("/")[0] + " " + os.path.splitext(name)[1]]
            problems = list(file_problems(binary, name, path, record, folder))
            row["files"] += 1
            row["signals"] += len(record.get("signals", []))
            row["wrong" if problems else "right" if has_facts(name, record) else "no facts"] += 1
            print(f"{'FAIL' if problems else 'ok  '}  {name}")
            if not has_facts(name, record):
                print(f"        {answer(binary, path)}")
            for problem in problems:
                print(f"        {problem}")
    table(rows)
    wrong = sum(row["wrong"] for row in rows.values())
    print(f"{sum(row['files'] for row in rows.values()) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
