# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Signals of real files, converted and opened by the peers whose formats they are:
round_trips.py RUSKA [--formats .hspy,.zspy,.hf5] [--all | PATH...].

HyperSpy (1.7 or 2) opens .hspy and .zspy, pyNSID checks (hdf_utils.get_all_main, which asks check_if_main of every
array) and reads .hf5: identical arrays and axes. The peers are those of the interpreter that runs this; formats without
a peer are left out, but where --formats names them that is an error. Without paths a spot set of
../shared/data is taken, with --all every file of which expected.json gives signals. Large arrays are opened lazily and
compared piece by piece. SECONDS_AT_MOST=N begins no file after N seconds.
"""

import argparse
import collections
import importlib
import json
import logging
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected"))
import compare  # noqa: E402

SPOT = ("arina/test_00_master.h5", "blockfile/test1.blo", "bruker/test_TEM.bcf", "digitalsurf/test_RGBSURFACE.sur",
        "dm/08_carbon.dm3", "dm/2D/test_fft_packed_complex8.dm4", "mrc/20241021_00405_movie.mrc",
        "nexus/simple_signal.nxs", "tia/new/16x16-diffraction_imagel_5x5x256x256_EDS.emi", "tiff/olympus_SIS.tif")

WHOLE = 1 << 26  # values of an array up to which peers hold it; what is larger is opened lazily
PIECE = 1 << 25  # values that are compared at a time of a larger one

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")


def plain(array):
    array = numpy.asarray(array)
    return numpy.stack([array[name] for name in array.dtype.names], axis=-1) if array.dtype.names else array


def pieces(shape, values):
    """Index of the parts of an array that hold about so many values each."""
    if math.prod(shape) <= values or not shape:
        yield ()
    elif (rows := values // math.prod(shape[1:])) > 0:
        for row in range(0, shape[0], rows):
            yield (slice(row, row + rows),)
    else:
        for row in range(shape[0]):
            for rest in pieces(shape[1:], values):
                yield (slice(row, row + 1), *rest)


def form(array):
    """dtype and shape, the fields of a pixel as the last axis."""
    fields = array.dtype.names
    return (array.dtype[0], (*array.shape, len(fields))) if fields else (array.dtype, tuple(array.shape))


def array_problems(got, expected):
    """Of a NumPy, Dask or HDF5 array beside a NumPy array."""
    dtype, shape = form(got)
    if (dtype, shape) != form(expected):
        yield "array {} {}, expected {} {}".format(dtype, shape, *form(expected))
        return
    for piece in pieces(got.shape, PIECE):
        if not numpy.array_equal(plain(got[piece]), plain(expected[piece]), equal_nan=dtype.kind in "fc"):
            yield f"array {dtype} {shape} with other values in {piece}"
            return


def hyperspy_problems(signal, facts, expected):
    yield from array_problems(signal.data, expected)
    axes = signal.axes_manager._axes
    wanted = facts["axes"][:-1] if facts.get("fields") else facts["axes"]
    if len(axes) != len(wanted):
        yield f"{len(axes)} axes, expected {len(wanted)}"
        return
    for got, axis in zip(axes, wanted):
        text = [value if isinstance(value, str) else "" for value in (got.name, got.units)]
        if text != [axis["name"], axis["units"]]:
            yield f"axis {text}, expected {axis['name']!r} in {axis['units']!r}"
        if got.navigate != (axis["role"] == "navigation") or got.size != axis["size"]:
            yield f"axis {axis['name']!r}: navigate {got.navigate}, size {got.size}"
        if "values" in axis:
            if list(got.axis) != axis["values"]:
                yield f"axis {axis['name']!r}: other coordinates"
        elif (got.scale, got.offset) != (axis["scale"], axis["offset"]):
            yield f"axis {axis['name']!r}: {got.scale}, {got.offset}, expected {axis['scale']}, {axis['offset']}"
    title = "" if facts["title"] == "__unnamed__" else facts["title"]  # HyperSpy's word for none
    if signal.metadata.General.title != title:
        yield f"title {signal.metadata.General.title!r}, expected {title!r}"
    if signal.metadata.Signal.signal_type != facts["signal_type"]:
        yield f"signal type {signal.metadata.Signal.signal_type!r}, expected {facts['signal_type']!r}"


def open_hyperspy(path, facts, expected):
    import hyperspy.api as hs
    signal = hs.load(path, lazy=expected.size > WHOLE)
    if isinstance(signal, list):
        yield f"{len(signal)} signals"
        return
    yield from hyperspy_problems(signal, facts, expected)


def open_nsid(path, facts, expected):
    import h5py
    from pyNSID.io import hdf_utils
    with h5py.File(path, "r") as file:
        mains = hdf_utils.get_all_main(file)
        if len(mains) != 1:
            yield f"{len(mains)} main arrays pass pyNSID's check"
            return
        yield from array_problems(mains[0], expected)
        if expected.size > WHOLE:
            return  # sidpy makes floating point numbers of the whole array at once
        read = hdf_utils.read_h5py_dataset(mains[0])  # a sidpy.Dataset of float or complex64 values
        if read.shape != expected.shape or not numpy.array_equal(
                numpy.asarray(read), expected.astype(read.dtype), equal_nan=True):
            yield "sidpy has other values"
        for number, axis in enumerate(facts["axes"]):
            got = read._axes[number]
            values = axis.get("values") or [axis["offset"] + axis["scale"] * i for i in range(axis["size"])]
            if not numpy.array_equal(numpy.asarray(got.values), values):
                yield f"sidpy's axis {number} has other coordinates"
            if axis["units"] and got.units != axis["units"]:
                yield f"sidpy's axis {number} has the units {got.units!r}, expected {axis['units']!r}"


FORMATS = {".hspy": ("hyperspy", open_hyperspy), ".zspy": ("hyperspy", open_hyperspy), ".hf5": ("pyNSID", open_nsid)}


def present(module):
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def last_line(done):
    return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]


def peer_problems(name, path, facts, expected):
    try:
        yield from FORMATS[name][1](path, facts, expected)
    except Exception as error:  # whatever a peer throws on our file is a finding
        yield f"{type(error).__name__}: {error}"


def files(names):
    """Name and path of every file, members of archives unpacked while they are looked at."""
    for name in names:
        if "::" not in name:
            yield name, os.path.join(compare.DATA, name)
            continue
        archive, member = name.split("::")
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(os.path.join(compare.DATA, archive)) as file:
            file.extractall(folder)
            yield name, os.path.join(folder, member)


def options_of(arguments):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--formats", type=lambda text: text.split(","), help="extensions that must be opened")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("paths", nargs="*")
    options = parser.parse_args(arguments)
    unknown = set(options.formats or []) - set(FORMATS)
    if unknown:
        parser.error(f"--formats: {', '.join(sorted(unknown))}; there are {', '.join(FORMATS)}")
    if options.all and options.paths:
        parser.error("--all or paths, not both")
    return options


def run(binary, arguments):
    options = options_of(arguments)
    seconds = float(os.environ.get("SECONDS_AT_MOST", "inf"))
    if not os.path.isdir(compare.DATA):
        print("SKIP: there is no ../shared/data")
        return 0
    formats = [name for name, (module, _) in FORMATS.items() if present(module)]
    if options.formats:
        absent = [name for name in options.formats if name not in formats]
        if absent:
            print(f"{sys.executable} has no package that opens {', '.join(absent)}")
            return 1
        formats = options.formats
    if not formats:
        print("SKIP: neither HyperSpy nor pyNSID is installed")
        return 0
    for module in ("hyperspy", "rsciio", "zarr", "pyNSID", "sidpy"):
        if present(module):
            print(module, getattr(present(module), "__version__", ""))
    with open(os.path.join(compare.DATA, "expected.json"), encoding="utf-8") as file:
        known = [name for name, record in json.load(file)["files"].items() if record.get("signals")]
    names = known if options.all else options.paths or [name for name in SPOT if name in known]
    table = collections.defaultdict(collections.Counter)
    reasons = collections.Counter()
    failed = 0
    started = time.monotonic()
    for name, path in files(names):
        if time.monotonic() - started > seconds:
            print(f"The time is over: {name} and what follows was not looked at.")
            failed += 1
            break
        told = compare.ruska(binary, "info", path, "--json")
        if told.returncode != 0:
            failed += 1
            print(f"{name}: {last_line(told)}", flush=True)
            continue
        for number, facts in enumerate(json.loads(told.stdout)["signals"]):
            row = table[name.split("/")[0]]
            row["files"] += number == 0
            row["signals"] += 1
            row["lazily"] += math.prod(facts["shape"]) > WHOLE
            with tempfile.TemporaryDirectory() as folder:
                reference = os.path.join(folder, "reference.npy")
                done = compare.ruska(binary, "convert", path, "--signal", str(number), "-o", reference)
                if done.returncode != 0:
                    failed += 1
                    print(f"{name}, signal {number}, .npy: {last_line(done)}", flush=True)
                    continue
                expected = numpy.load(reference, mmap_mode="r" if math.prod(facts["shape"]) > WHOLE else None)
                for extension in formats:
                    output = os.path.join(folder, "signal" + extension)
                    done = compare.ruska(binary, "convert", path, "--signal", str(number), "-o", output)
                    if done.returncode != 0:
                        row[extension + " refused"] += 1
                        reason = last_line(done)
                        # One reason whatever the signal is called and wherever it was written to.
                        reasons[extension, re.sub(r"'[^']*' has", "a signal has", reason.rsplit(extension + ": ")[-1])] += 1
                        if done.returncode != 3:  # anything but "unsupported"
                            failed += 1
                            print(f"{name}, signal {number}, {extension}: {reason}")
                        continue
                    problems = list(peer_problems(extension, output, facts, expected))
                    row[extension + (" differs" if problems else " identical")] += 1
                    failed += bool(problems)
                    for problem in problems[:3]:
                        print(f"{name}, signal {number}, {extension}: {problem}", flush=True)
    columns = ["files", "signals", "lazily"] + [extension + word for extension in formats
                                      for word in (" identical", " differs", " refused")]
    print(" | ".join(["folder".ljust(14), *columns]))
    for folder in [*sorted(table), None]:
        counts = table[folder] if folder else sum(table.values(), collections.Counter())
        print(" | ".join([(folder or "all").ljust(14)] + [str(counts[c]).rjust(len(c)) for c in columns]))
    for (extension, reason), times in sorted(reasons.items()):
        print(f"{extension} refused {times}: {reason}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
