// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace ruska::io::ripple {

/// A key of the header that tells of the instrument, and where its number stands below Acquisition_instrument.TEM or
/// SEM in the metadata tree.
struct Entry {
  std::string_view key, path;
};

inline constexpr std::array microscope_entries{
    Entry{"beam-energy", ".beam_energy"},
    Entry{"convergence-angle", ".convergence_angle"},
    Entry{"tilt-stage", ".Stage.tilt_alpha"},
    Entry{"collection-angle", ".Detector.EELS.collection_angle"},
    Entry{"elevation-angle", ".Detector.EDS.elevation_angle"},
    Entry{"azimuth-angle", ".Detector.EDS.azimuth_angle"},
    Entry{"detector-peak-width-ev", ".Detector.EDS.energy_resolution_MnKa"},
    Entry{"live-time", ".Detector.EDS.live_time"},
};

}  // namespace ruska::io::ripple
