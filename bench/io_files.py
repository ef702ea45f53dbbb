# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""io_files.py FORMAT FOLDER [MEGABYTES]: writes a file of one of FORMATS, of about so many MB (1024) of values, and prints its path.

Frames are 256 × 256, uint16 (uint8 in .blo): Poisson counts of a bright disc and its background, 256 frames over and
over. The maps are 512 × 512 positions with counts of a few broad lines. A file `sparse_*` has 100 GB and occupies next to
nothing: it is there to be opened.
"""
import base64
import json
import pathlib
import struct
import sys
import zlib

import numpy as np

SIDE = 256
COLUMNS = 128


def frames(count=256, dtype=np.uint16):
    random = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    rate = np.where(x**2 + y**2 < 40**2, 20.0, 0.3)
    return random.poisson(rate, (count, SIDE, SIDE)).astype(dtype)


def repeats(megabytes, block):
    return max(1, megabytes * 2**20 // block.nbytes)


def raw(path, megabytes):
    block = frames()
    times = repeats(megabytes, block)
    with open(path, "wb") as file:
        for _ in range(times):
            block.tofile(file)
    shape = [times * len(block) // COLUMNS, COLUMNS, SIDE, SIDE]
    pathlib.Path(str(path) + ".json").write_text(
        json.dumps({"dtype": "uint16", "byte_order": "little", "shape": shape}))


def mib_header(number, pixel, depth):
    text = (f"MQ1,{number:06d},00384,01,{SIDE:04d},{SIDE:04d},{pixel},   1x1,01,2024-07-02 13:46:44.035393,0.001000,0,0,0,"
            f"1.2E+1,5.11E+2,3RX,MQ1A,2024-07-02T11:46:44.035393171Z,1000000ns,{depth},")
    return text.encode().ljust(384, b"\0")


def mib_notes(path, count):
    pathlib.Path(path).with_suffix(".hdr").write_text(
        "HDR,\t\nFrames in Acquisition (Number):\t%d\nFrames per Trigger (Number):\t%d\nEnd\t" % (count, COLUMNS))


def mib(path, megabytes, pixel="U16"):
    block = frames()
    if pixel == "R64":  # words of 64 bits, first value lowest, most significant byte first
        stored = np.ascontiguousarray(block.reshape(len(block), -1, 4)[:, :, ::-1]).astype(">u2")
    else:
        stored = block.astype(">u2")
    records = np.empty((len(block), 384 + SIDE * SIDE * 2), np.uint8)
    records[:, 384:] = stored.reshape(len(block), -1).view(np.uint8)
    times = repeats(megabytes, block)
    with open(path, "wb") as file:
        for time in range(times):
            for i in range(len(block)):
                records[i, :384] = np.frombuffer(mib_header(time * len(block) + i + 1, pixel, 12), np.uint8)
            records.tofile(file)
    mib_notes(path, times * len(block))


def mib_raw(path, megabytes):
    mib(path, megabytes, "R64")


def blo(path, megabytes):
    block = frames(dtype=np.uint8)
    times = repeats(megabytes, block)
    rows = times * len(block) // COLUMNS
    image_at, patterns_at = 0x1000, 0x1000 + rows * COLUMNS
    header = struct.pack("<6sHIIIHHHHHddIHId", b"IMGBLO", 0x0102, image_at, patterns_at, 0, SIDE, 0, COLUMNS, rows, 0, 5.0,
                         5.0, 200000, 100, 2000, 45000.0) + bytes(22 * 8)
    records = np.zeros((len(block), 6 + SIDE * SIDE), np.uint8)
    records[:, :2] = 0xAA, 0x55
    records[:, 6:] = block.reshape(len(block), -1)
    with open(path, "wb") as file:
        file.write(header.ljust(image_at, b"\0") + bytes(rows * COLUMNS))
        for time in range(times):
            records[:, 2:6] = np.arange(time * len(block), (time + 1) * len(block), dtype="<u4")[:, None].view(np.uint8)
            records.tofile(file)


def dm4(path, megabytes):
    """The tags that readers need: one image of four dimensions behind a thumbnail."""
    block = frames()
    times = repeats(megabytes, block)
    rows = times * len(block) // COLUMNS

    def entry(kind, name, content):
        return struct.pack(">BH", kind, len(name)) + name.encode() + struct.pack(">q", len(content)) + content

    def group(name, *tags):
        return entry(20, name, struct.pack(">BBq", 0, 0, len(tags)) + b"".join(tags))

    def number(name, kind, value):
        return entry(21, name, b"%%%%" + struct.pack(">qq", 1, kind) + struct.pack({3: "<i", 5: "<I", 6: "<f"}[kind], value))

    def array(name, kind, count, content=b""):
        return entry(21, name, b"%%%%" + struct.pack(">qqqq", 3, 20, kind, count) + content)

    def text(name, value):
        return array(name, 4, len(value), value.encode("utf-16-le"))

    def image(data, kind, lengths, name, bits):
        axes = [group("", number("Origin", 6, 0.0), number("Scale", 6, 1.0), text("Units", "nm")) for _ in lengths]
        brightness = group("Brightness", number("Origin", 6, 0.0), number("Scale", 6, 1.0), text("Units", ""))
        return group("", group("ImageData", group("Calibrations", brightness, group("Dimension", *axes)), data,
                               number("DataType", 3, kind),
                               group("Dimensions", *[number("", 5, length) for length in lengths]),
                               number("PixelDepth", 5, bits)),
                     group("ImageTags"), text("Name", name))

    pixels = rows * COLUMNS * SIDE * SIDE
    mark = b"the values come here"
    thumbnail = image(array("Data", 10, 4, bytes(4)), 6, [2, 2], "thumbnail", 1)
    content = group("ImageList", thumbnail, image(array("Data", 4, pixels, mark), 10, [SIDE, SIDE, COLUMNS, rows], "scan", 2))
    content += group("Thumbnails", group("", number("ImageIndex", 5, 0)))
    content = struct.pack(">BBq", 0, 0, 2) + content
    at = content.index(mark)
    before = bytearray(content[:at])
    grown = 2 * pixels - len(mark)
    # What lies around the values is longer than it was counted: the lengths of the four tags that hold them.
    for name in (b"ImageList", b"ImageData", b"Data"):
        where = before.rindex(b"\0" + bytes([len(name)]) + name) + 2 + len(name)
        before[where:where + 8] = struct.pack(">q", struct.unpack(">q", before[where:where + 8])[0] + grown)
    unnamed = before.rindex(b"\x14\0\0", 0, before.rindex(b"ImageData")) + 3
    before[unnamed:unnamed + 8] = struct.pack(">q", struct.unpack(">q", before[unnamed:unnamed + 8])[0] + grown)
    with open(path, "wb") as file:
        file.write(struct.pack(">iqi", 4, len(content) + grown, 1) + before)
        for _ in range(times):
            block.tofile(file)
        file.write(content[at + len(mark):] + bytes(8))


def hspy_file(path, shape, **storage):
    import h5py
    file = h5py.File(path, "w")
    file.attrs["file_format"], file.attrs["file_format_version"] = "HyperSpy", "3.3"
    signal = file.create_group("Experiments/scan")
    for i, length in enumerate(shape):
        axis = signal.create_group(f"axis-{i}")
        axis.attrs.update({"size": length, "scale": 1.0, "offset": 0.0, "units": "nm", "name": ["y", "x", "ky", "kx"][i],
                           "navigate": i < 2, "_type": "UniformDataAxis", "is_binned": False})
    general = signal.create_group("metadata/General")
    general.attrs["title"] = "scan"
    signal.create_group("metadata/Signal").attrs["signal_type"] = ""
    signal.create_group("original_metadata")
    signal.create_group("learning_results")
    return file, signal.create_dataset("data", shape, np.uint16, **storage)


def hspy(path, megabytes, **storage):
    block = frames()
    times = repeats(megabytes, block)
    rows = len(block) // COLUMNS
    file, data = hspy_file(path, (times * rows, COLUMNS, SIDE, SIDE), **storage)
    with file:
        for time in range(times):
            data[time * rows:(time + 1) * rows] = block.reshape(rows, COLUMNS, SIDE, SIDE)


def hspy_chunked(path, megabytes):
    hspy(path, megabytes, chunks=(1, 8, SIDE, SIDE))


def hspy_gzip(path, megabytes):
    hspy(path, megabytes, chunks=(1, 8, SIDE, SIDE), compression="gzip", compression_opts=4)


def hspy_shuffle_gzip(path, megabytes):
    hspy(path, megabytes, chunks=(1, 8, SIDE, SIDE), compression="gzip", compression_opts=4, shuffle=True)


def hspy_bitshuffle(path, megabytes):
    import hdf5plugin
    hspy(path, megabytes, chunks=(1, 1, SIDE, SIDE), **hdf5plugin.Bitshuffle(cname="lz4"))


def zspy(path, megabytes):
    """A Zarr folder as HyperSpy writes it: Blosc's LZ4 after a byte shuffle."""
    import numcodecs
    block = frames()
    times = repeats(megabytes, block)
    rows = len(block) // COLUMNS
    shape = (times * rows, COLUMNS, SIDE, SIDE)
    chunk = (1, 8, SIDE, SIDE)

    def group(place, **attributes):
        place.mkdir(parents=True)
        (place / ".zgroup").write_text('{"zarr_format": 2}')
        (place / ".zattrs").write_text(json.dumps(attributes))

    path = pathlib.Path(path)
    group(path, file_format="ZSpy", file_format_version="3.3")
    group(path / "Experiments")
    signal = path / "Experiments" / "scan"
    group(signal)
    for i, length in enumerate(shape):
        group(signal / f"axis-{i}", size=length, scale=1.0, offset=0.0, units="nm", name=["y", "x", "ky", "kx"][i],
              navigate=i < 2, _type="UniformDataAxis", is_binned=False)
    group(signal / "metadata")
    group(signal / "metadata" / "General", title="scan")
    group(signal / "metadata" / "Signal", signal_type="")
    group(signal / "original_metadata")
    group(signal / "learning_results")
    codec = numcodecs.Blosc(cname="lz4", clevel=1, shuffle=numcodecs.Blosc.SHUFFLE)
    (signal / "data").mkdir()
    (signal / "data" / ".zarray").write_text(json.dumps(
        {"zarr_format": 2, "shape": shape, "chunks": chunk, "dtype": "<u2", "compressor": codec.get_config(), "fill_value": 0,
         "order": "C", "filters": None}))
    packed = [bytes(codec.encode(np.ascontiguousarray(block[i:i + 8]))) for i in range(0, len(block), 8)]
    along = COLUMNS // 8
    for row in range(shape[0]):
        for i in range(along):
            (signal / "data" / f"{row}.{i}.0.0").write_bytes(packed[(row * along + i) % len(packed)])


EDGE, CHANNELS = 512, 2048


def pulses(random, count):
    """Channels of events: half a broad background, half three lines."""
    lines = random.choice([90, 180, 640], count) + random.normal(0, 6, count)
    channels = np.where(random.random(count) < 0.5, lines, random.exponential(300, count))
    return np.clip(channels, 0, CHANNELS - 1).astype(np.uint16)


def velox(path, megabytes):
    """A stream of so many MB of words for each of two detectors: frames over 512 × 512 pixels, 8 events per pixel."""
    import h5py
    random = np.random.default_rng(1)
    counts = random.poisson(8, EDGE * EDGE)
    frame = np.full(counts.sum() + counts.size, 65535, np.uint16)
    frame[np.arange(counts.sum()) + np.repeat(np.arange(counts.size), counts)] = pulses(random, counts.sum())
    times = max(1, megabytes * 2**20 // frame.nbytes)
    metadata = {"Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1488794201"}},
                "Optics": {"AccelerationVoltage": "200000", "CameraLength": "0.125"},
                "Stage": {"AlphaTilt": "0", "BetaTilt": "0", "Position": {"x": "0", "y": "0", "z": "0"}},
                "Scan": {"ScanSize": {"width": str(EDGE), "height": str(EDGE)}, "FrameTime": "1", "DwellTime": "1e-6",
                         "ScanArea": {"left": "0", "top": "0", "right": "1", "bottom": "1"}},
                "Detectors": {"Detector-0": {"DetectorName": "HAADF", "DetectorType": "ScanningDetector"},
                              "Detector-1": {"DetectorName": "SuperXG11", "DetectorType": "AnalyticalDetector",
                                             "Dispersion": "10", "OffsetEnergy": "-200", "ElevationAngle": "0.3",
                                             "AzimuthAngle": "0.7", "LiveTime": "1", "RealTime": "1"}},
                "BinaryResult": {"Detector": "HAADF", "DetectorIndex": "0", "PixelUnitX": "m", "PixelUnitY": "m",
                                 "PixelSize": {"width": "5e-9", "height": "5e-9"}, "Offset": {"x": "0", "y": "0"}}}
    text = np.frombuffer(json.dumps(metadata).encode().ljust(60000, b"\0"), np.uint8).reshape(-1, 1)
    with h5py.File(path, "w") as file:
        strings = h5py.string_dtype()
        file.create_dataset("Version", data=['{"version": "4", "format": "Velox"}'], dtype=strings)
        for group in ("Operations", "Displays", "SharedProperties", "Features"):
            file.create_group(group)
        file["Operations"].create_dataset("StemInputOperation/aa", dtype=strings,
                                          data=['{"dataPath": "/Data/Image/bb", "detector": "HAADF"}'])
        file.create_dataset("Presentation/Displays/ImageDisplay/ff", dtype=strings,
                            data=['{"dataPath": "/Data/Image/bb", "display": {"label": "HAADF"}}'])
        image = file.create_group("Data/Image/bb")
        image.create_dataset("Data", data=np.zeros((EDGE, EDGE, 1), np.uint16), chunks=(EDGE, EDGE, 1))
        image.create_dataset("Metadata", data=text)
        for name in ("cc", "dd"):
            stream = file.create_group("Data/SpectrumStream/" + name)
            words = stream.create_dataset("Data", (times * len(frame), 1), np.uint16, chunks=(8192, 1))
            for time in range(times):
                words[time * len(frame):(time + 1) * len(frame), 0] = frame
            stream.create_dataset("Metadata", data=text)
            stream.create_dataset("AcquisitionSettings", dtype=strings, data=[json.dumps(
                {"encoding": "uint16", "bincount": str(CHANNELS), "StreamEncoding": "uint16"})])
        file.create_dataset("Data/SpectrumImage/ee/SpectrumImageSettings", dtype=strings,
                            data=['{"endFramePosition": "%d"}' % times])


def bcf_pixel(x, channels):
    """A pixel of few pulses as 12-bit words, of many as runs of channels."""
    if x % 2 == 0:
        bits = np.unpackbits(channels.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:].reshape(-1)
        bits = np.concatenate([bits, np.zeros(-len(bits) % 16, np.uint8)])
        data = np.packbits(bits).view(">u2").astype("<u2").tobytes()
        packing, count = 1, len(channels)
    else:
        spectrum = np.bincount(channels, minlength=CHANNELS)
        used = np.flatnonzero(spectrum)
        data, at = b"", 0
        for run in np.split(used, np.flatnonzero(np.diff(used) > 6) + 1):
            for first in range(run[0], run[-1] + 1, 200):
                gap = first - at
                while gap > 0:
                    data += bytes([0, min(gap, 255)])
                    gap -= 255
                values = spectrum[first:min(first + 200, run[-1] + 1)]
                data += bytes([2, len(values)]) + bytes(2) + values.astype(np.uint8).tobytes()
                at = first + len(values)
        data += struct.pack("<I", 0)
        packing, count = 2, 0
    return struct.pack("<IHHIHHHI", x, CHANNELS, CHANNELS, 0xc0000, packing, len(data) & 0xffff, count, len(data)) + data


def bcf(path, megabytes):
    """A packed map whose lines, 150 pulses in a pixel, come over and over; `megabytes` are those of the packed stream."""
    random = np.random.default_rng(1)
    lines, total = [], np.zeros(CHANNELS, np.int64)
    for _ in range(8):
        channels = [pulses(random, count) for count in random.poisson(150, EDGE)]
        total += np.bincount(np.concatenate(channels), minlength=CHANNELS)
        lines.append(struct.pack("<I", EDGE) + b"".join(bcf_pixel(x, one) for x, one in enumerate(channels)))
    height = max(8, megabytes * 2**20 // sum(map(len, lines)) * 8)
    block = struct.pack("<II", height, EDGE).ljust(0x1A0, b"\0") + b"".join(lines) * (height // 8)
    sums = ",".join(map(str, total * (height // 8)))

    def compressed(content, size=0x20000):
        blocks = [content[i:i + size] for i in range(0, len(content), size)]
        out = (b"AACS" + struct.pack("<III", size, 0, len(blocks))).ljust(0x80, b"\0")
        parts = [out]
        for one in blocks:
            packed = zlib.compress(one, 6)
            parts.append(struct.pack("<IIII", len(packed), len(one), 0, len(packed) + 16) + packed)
        return b"".join(parts)

    layers = base64.b64encode(zlib.compress(b"<TRTLayers/>")).decode()
    image = base64.b64encode(np.ones((height, EDGE), np.uint8).tobytes()).decode()
    header = (
        '<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?><TRTSpectrumDatabase><ClassInstance '
        'Type="TRTSpectrumDatabase" Name="map"><Header><Date>1.2.2020</Date><Time>3:4:5</Time><FileVersion>2</FileVersion>'
        f'</Header><LineCounter>{",".join(["1"] * height)}</LineCounter><ChCount>{CHANNELS}</ChCount><DetectorCount>1'
        '</DetectorCount><ClassInstance Type="TRTSEMData"><HV>20</HV><Mag>1000</Mag><DX>0.1</DX><DY>0.1</DY></ClassInstance>'
        '<ClassInstance Type="TRTSEMStageData"><X>0</X><Tilt>0</Tilt></ClassInstance><ClassInstance '
        'Type="TRTDSPConfiguration"><PixelAverage>1</PixelAverage><LineAverage>1</LineAverage><PixelTime>2</PixelTime>'
        f'</ClassInstance><ClassInstance Type="TRTImageData"><ItemSize>1</ItemSize><Width>{EDGE}</Width><Height>{height}'
        f'</Height><PlaneCount>1</PlaneCount><Plane0><Description>SE</Description><Data>{image}</Data></Plane0>'
        '</ClassInstance><SpectrumData0><ClassInstance Type="TRTSpectrum"><TRTHeaderedClass><ClassInstance '
        'Type="TRTSpectrumHardwareHeader"><Amplification>20000</Amplification><RealTime>1000</RealTime><LifeTime>900'
        '</LifeTime></ClassInstance><ClassInstance Type="TRTDetectorHeader"><Type>XFlash</Type><DetLayers>'
        f'{layers}</DetLayers></ClassInstance><ClassInstance Type="TRTESMAHeader"><PrimaryEnergy>20</PrimaryEnergy>'
        '<ElevationAngle>35</ElevationAngle></ClassInstance></TRTHeaderedClass><ClassInstance Type="TRTSpectrumHeader">'
        f'<CalibAbs>-0.5</CalibAbs><CalibLin>0.01</CalibLin></ClassInstance><Channels>{sums}</Channels></ClassInstance>'
        '</SpectrumData0></ClassInstance></TRTSpectrumDatabase>').encode()

    size = 0x4000
    content_size = size - 32
    chunks = [(0, b""), (0, b"")]  # the head of the container, the directory
    entries = [struct.pack("<iQ", -1, 0).ljust(40, b"\0") + struct.pack("<i", -1).ljust(180, b"\0") + b"\1\0\0\0" +
               b"EDSDatabase".ljust(288, b"\0")]
    for name, content in (("HeaderData", compressed(header)), ("SpectrumData0", compressed(block))):
        first = len(chunks)
        pieces = [content[i:i + content_size] for i in range(0, len(content), content_size)]
        chunks += [(0, piece) for piece in pieces]
        numbers = np.arange(first, first + len(pieces), dtype="<u4").tobytes()
        table = len(chunks)
        for i in range(0, len(numbers), content_size):
            chunks.append((len(chunks) + 1, numbers[i:i + content_size]))
        entries.append(struct.pack("<iQ", table, len(content)).ljust(40, b"\0") + struct.pack("<i", 0).ljust(180, b"\0") +
                       b"\0\0\0\0" + name.encode().ljust(288, b"\0"))
    chunks[1] = (0, b"".join(entries))
    head = b"AAMVHFSS".ljust(0x118, b"\0") + b"AASFSSTG".ljust(12, b"\0") + struct.pack("<fI", 2.6, size)
    head = head.ljust(0x140, b"\0") + struct.pack("<III", 1, len(entries), len(chunks))
    with open(path, "wb") as file:
        file.write(head.ljust(0x118 + size, b"\0"))
        for following, content in chunks[1:]:
            file.write(struct.pack("<I", following).ljust(32, b"\0") + content.ljust(content_size, b"\0"))


SPARSE_FRAMES = 100 * 10**9 // (SIDE * SIDE * 2) // COLUMNS * COLUMNS


def sparse_raw(path, _):
    with open(path, "wb") as file:
        file.truncate(SPARSE_FRAMES * SIDE * SIDE * 2)
    pathlib.Path(str(path) + ".json").write_text(json.dumps(
        {"dtype": "uint16", "byte_order": "little", "shape": [SPARSE_FRAMES // COLUMNS, COLUMNS, SIDE, SIDE]}))


def sparse_mib(path, _):
    step = 384 + SIDE * SIDE * 2
    with open(path, "wb") as file:
        for number in (*range(COLUMNS), SPARSE_FRAMES - 1):
            file.seek(number * step)
            file.write(mib_header(number + 1, "U16", 12))
        file.truncate(SPARSE_FRAMES * step)
    mib_notes(path, SPARSE_FRAMES)


def sparse_hspy(path, _):
    import h5py
    file, data = hspy_file(path, (SPARSE_FRAMES // COLUMNS, COLUMNS, SIDE, SIDE))
    with file:
        name, shape, place = data.name, data.shape, data.parent
        del place["data"]
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.CONTIGUOUS)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(place.id, b"data", h5py.h5t.NATIVE_UINT16, h5py.h5s.create_simple(shape), layout)
        assert file[name].id.get_offset() is not None


def sparse_hspy_chunked(path, _):
    """An index of as many chunks of 1 MB as 100 GB have, none of them filled."""
    import h5py
    file, data = hspy_file(path, (SPARSE_FRAMES // COLUMNS, COLUMNS, SIDE, SIDE))
    with file:
        shape, place = data.shape, data.parent
        del place["data"]
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_chunk((1, 8, SIDE, SIDE))
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(place.id, b"data", h5py.h5t.NATIVE_UINT16, h5py.h5s.create_simple(shape), layout)


FORMATS = {"raw": (raw, "raw"), "mib": (mib, "mib"), "mib_raw": (mib_raw, "mib"), "blo": (blo, "blo"), "dm4": (dm4, "dm4"),
           "hdf5": (hspy, "hspy"), "hdf5_chunked": (hspy_chunked, "hspy"), "hdf5_gzip": (hspy_gzip, "hspy"),
           "hdf5_shuffle_gzip": (hspy_shuffle_gzip, "hspy"), "hdf5_bitshuffle_lz4": (hspy_bitshuffle, "hspy"),
           "zspy": (zspy, "zspy"), "velox": (velox, "emd"), "bcf": (bcf, "bcf"), "sparse_raw": (sparse_raw, "raw"),
           "sparse_mib": (sparse_mib, "mib"), "sparse_hdf5": (sparse_hspy, "hspy"),
           "sparse_hdf5_chunked": (sparse_hspy_chunked, "hspy")}

if __name__ == "__main__":
    write, extension = FORMATS[sys.argv[1]]
    target = pathlib.Path(sys.argv[2]) / f"{sys.argv[1]}.{extension}"
    write(target, int(sys.argv[3]) if len(sys.argv) > 3 else 1024)
    print(target)
