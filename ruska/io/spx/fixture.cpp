// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Axis energy_axis(std::int64_t size, double scale, double offset) {
  Axis axis;
  axis.name = "Energy";
  axis.quantity = "energy";
  axis.units = "keV";
  axis.size = size;
  axis.scale = scale;
  axis.offset = offset;
  return axis;
}

/// Electrons of 200 keV; the name has a letter of Windows-1252.
Fixture electron_spectrum() {
  Description description;
  description.title = "EDX";
  description.signal_type = "EDS_TEM";
  description.axes = {energy_axis(6, 0.01, -0.475)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", "EDX");
  set(metadata, "General.date", "2021-03-04");
  set(metadata, "General.time", "05:06:07");
  set(metadata, "Signal", Json{{"signal_type", "EDS_TEM"}, {"quantity", "X-rays (Counts)"}});
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(metadata, "Acquisition_instrument.TEM.Detector.EDS",
      Json{{"elevation_angle", 18.0},
           {"azimuth_angle", 45.0},
           {"detector_type", "SuperX"},
           {"real_time", 2.0},
           {"live_time", 1.5}});
  set(metadata, "Sample.name", "grain 5 µm…");
  set(metadata, "Sample.elements", Json{"Rh", "Ar"});
  const std::vector<std::uint64_t> counts{0, 12, 4000000000, 7, 0, 1};
  FileBytes file;
  file.text(
      "<?xml version=\"1.0\" encoding=\"WINDOWS-1252\" standalone=\"yes\"?>\r\n"
      "<TRTSpectrum><RTHeader></RTHeader>\r\n"
      "<ClassInstance Type=\"TRTSpectrum\" Name=\"grain 5 \xb5m\x85\">\r\n"
      "<TRTHeaderedClass>"
      "<ClassInstance Type=\"TRTSpectrumHardwareHeader\"><RealTime>2000</RealTime><LifeTime>1500</LifeTime>"
      "</ClassInstance>\r\n"
      "<ClassInstance Type=\"TRTDetectorHeader\"><Type>SuperX</Type></ClassInstance>\r\n"
      "<ClassInstance Type=\"TRTESMAHeader\"><PrimaryEnergy>2E2</PrimaryEnergy><ElevationAngle>1.8E1</ElevationAngle>"
      "<AzimutAngle>45</AzimutAngle></ClassInstance></TRTHeaderedClass>\r\n"
      "<ClassInstance Type=\"TRTSpectrumHeader\"><Date>4.3.2021</Date><Time>5:6:7</Time><ChannelCount>6</ChannelCount>"
      "<CalibAbs>-4,75E-1</CalibAbs><CalibLin>1E-2</CalibLin></ClassInstance>\r\n"
      "<ClassInstance Type=\"TRTPSEElementList\" Name=\"Elements\"><ChildClassInstances>"
      "<ClassInstance Type=\"TRTPSEElement\" Name=\"Rh\"/><ClassInstance Type=\"TRTPSEElement\" Name=\"Ar\"/>"
      "</ChildClassInstances></ClassInstance>\r\n"
      "<Channels>0,12,4000000000,7,0,1</Channels>\r\n"
      "</ClassInstance></TRTSpectrum>\r\n");
  return {"spx",
          "electrons.spx",
          [=](const std::filesystem::path& folder) { return file.write(folder / "electrons.spx"); },
          {Dataset::from_values<std::uint64_t>(description, counts)}};
}

/// X-ray fluorescence: the tube's voltage stands in for the beam energy.
Fixture fluorescence_spectrum() {
  Description description;
  description.title = "EDX";
  description.signal_type = "EDS_SEM";
  description.axes = {energy_axis(3, 0.02, 0)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", "EDX");
  set(metadata, "Signal", Json{{"signal_type", "EDS_SEM"}, {"quantity", "X-rays (Counts)"}});
  set(metadata, "Acquisition_instrument.SEM.beam_energy", 30.0);
  set(metadata, "Acquisition_instrument.SEM.Detector.EDS", Json{{"elevation_angle", 90.0}});
  const std::vector<std::uint64_t> counts{5, 6, 7};
  FileBytes file;
  file.text(
      "<TRTSpectrum><ClassInstance Type=\"TRTSpectrum\"><TRTHeaderedClass><ClassInstance Type=\"TRTXrfHeader\">"
      "<Voltage>30</Voltage><ExcitationAngle>90</ExcitationAngle></ClassInstance></TRTHeaderedClass>"
      "<ClassInstance Type=\"TRTSpectrumHeader\"><CalibAbs>0</CalibAbs><CalibLin>0.02</CalibLin></ClassInstance>"
      "<Channels>5,6,7</Channels></ClassInstance></TRTSpectrum>");
  return {"spx",
          "fluorescence.spx",
          [=](const std::filesystem::path& folder) { return file.write(folder / "fluorescence.spx"); },
          {Dataset::from_values<std::uint64_t>(description, counts)}};
}

}  // namespace

std::vector<Fixture> spx_fixtures() { return {electron_spectrum(), fluorescence_spectrum()}; }

}  // namespace ruska::io
