// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Axis axis(std::string name, std::string units, std::int64_t size, double scale, double offset) {
  Axis one;
  one.name = std::move(name);
  one.quantity = quantity_of(units);
  one.units = std::move(units);
  one.size = size;
  one.scale = scale;
  one.offset = offset;
  return one;
}

Fixture fixture(std::string name, std::string_view text, Dataset expected) {
  FileBytes file;
  file.text(text);
  return {"msa",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {std::move(expected)}};
}

/// Pairs, units behind the keywords, a title of two lines, a letter of ISO 8859-1, NPOINTS that is wrong.
Fixture energy_loss() {
  Description description;
  description.title = "NiO - oxygen K, 5 µm";
  description.signal_type = "EELS";
  description.axes = {axis("Energy", "eV", 4, 3.125, 520.5)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "General.date", "1991-10-01");
  set(metadata, "General.time", "12:34:00");
  set(metadata, "Signal.signal_type", "EELS");
  set(metadata, "Signal.quantity", "Counts (Intensity)");
  set(metadata, "Acquisition_instrument.TEM",
      Json{{"beam_energy", 120.0},
           {"convergence_angle", 1.5},
           {"Detector", {{"EELS", {{"collection_angle", 3.25}, {"dwell_time", 0.125}}}}},
           {"magnification", 1000.0}});
  set(metadata, "Sample.thickness", 50.0);
  return fixture("loss.msa",
                 "#FORMAT      : EMSA/MAS Spectral Data File\r\n#VERSION     : 1.0\r\n#TITLE       : NiO\r\n"
                 "#TITLE       :  - oxygen K, 5 \xb5m\r\n#DATE        : 01-Oct-1991 \r\n#TIME        : 12:34\r\n"
                 "#NPOINTS     : 3.\r\n#NCOLUMNS    : 2.\r\n#XUNITS      : eV\r\n#XLABEL      : Energy Loss\r\n"
                 "#YUNITS      : Intensity\r\n#DATATYPE    : XY\r\n#XPERCHAN    : 3.125\r\n#OFFSET      : 520.5\r\n"
                 "#SIGNALTYPE  : ELS\r\n#XLABEL      : Energy\r\n#YLABEL      : Counts\r\n#BEAMKV   -kV: 120.0\r\n"
                 "#MAGCAM      : 1.0 E+03\r\n#CONVANGLE-mR: 1.5\r\n#COLLANGLE-mR: 3.25 \r\n#OPERMODE    : IMAG\r\n"
                 "#THICKNESS-nm: 50 nominal\r\n#DWELLTIME-ms: 125\r\n#PROBECUR -pA: 7\r\n##ALPHA-1    : 3.14\r\n"
                 "#SPECTRUM    : Data\r\n520.5, 4066.0  523.625 3996\r\n\r\n526.75, +3.923e+003, 529.875, -0.5\r\n"
                 "#ENDOFDATA   : \r\n",
                 Dataset::from_values<double>(description, std::vector<double>{4066, 3996, 3923, -0.5}));
}

/// Values in columns; a beam of 15 kV is that of a scanning microscope; a date and a time that are none.
Fixture x_rays() {
  Description description;
  description.signal_type = "EDS_SEM";
  description.axes = {axis("", "keV", 5, 0.01, -0.02)};
  Json& metadata = description.metadata;
  set(metadata, "Signal.signal_type", "EDS_SEM");
  set(metadata, "Signal.quantity", "X-rays (Counts)");
  set(metadata, "Acquisition_instrument.SEM",
      Json{{"beam_energy", 15.0},
           {"Stage", {{"tilt_alpha", 45.0}, {"tilt_beta", -2.0}}},
           {"Detector", {{"EDS", {{"live_time", 100.0}, {"real_time", 150.0}, {"EDS_det", "SIWLS"}}}}}});
  return fixture("rays.emsa",
                 "#Format: EMSA/MAS SPECTRAL DATA STANDARD\n#TITLE: \n#DATE: 01-09-1991\n#TIME: 12:100\n#NPOINTS: 5\n"
                 "#NCOLUMNS: 3\n#XUNITS: keV\n#DATATYPE: Y\n#XPERCHAN: 0.01\n#OFFSET: -0.02\n#SIGNALTYPE: EDS\n"
                 "#BEAMKV: 15\n#XTILTSTGE-dg: 45.\n#YTILTSTGE: -2\n#LIVETIME  -s: 100\n#REALTIME: 150\n#EDSDET: SIWLS\n"
                 "#SPECTRUM\n65.25, 67, 65\n1e3, 7\n#ENDOFDATA\n",
                 Dataset::from_values<double>(description, std::vector<double>{65.25, 67, 65, 1000, 7}));
}

/// Without a scale the coordinates are the axis; without #ENDOFDATA the number of points shows the end.
Fixture coordinates() {
  Description description;
  description.title = "lines";
  description.signal_type = "CLS";
  description.axes = {axis("Wavelength", "nm", 3, 1, 0)};
  description.axes[0].values = {400, 401.5, 404};
  set(description.metadata, "General.title", "lines");
  set(description.metadata, "Signal.signal_type", "CLS");
  return fixture("table.msa",
                 "#FORMAT : EMSA/MAS Spectral Data File\n#TITLE : lines\n#NPOINTS : 3\n#XLABEL : Wavelength\n"
                 "#XUNITS : nm\n#DATATYPE : XY\n#SIGNALTYPE : CLS\n#SPECTRUM :\n400 1\n401.5 2\n404 3\n",
                 Dataset::from_values<double>(description, std::vector<double>{1, 2, 3}));
}

}  // namespace

std::vector<Fixture> msa_fixtures() { return {energy_loss(), x_rays(), coordinates()}; }

}  // namespace ruska::io
