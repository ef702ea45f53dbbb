// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/kernels/frame_masks.hpp"
#include "ruska/ops/diffraction/scan/following_detectors.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"

namespace ruska::ops::diffraction {

/// What a pass over all frames is to form.
struct PassRequest {
  const kernels::FrameMasks& masks;
  std::vector<std::vector<double>> weights{};  ///< of weighted detectors, one per pixel
  bool squares = false;                        ///< for the variance
  std::span<const std::int32_t> bins{};        ///< of a radial profile, one per pixel; −1 for none
  std::int64_t bin_count = 0;
  /// Where detectors and bins differ from frame to frame: they are those of the view of each, and the masks above tell
  /// how many there are.
  const FollowingDetectors* following = nullptr;
};

/// What came of it; integers are exact. `Sum` is int64 for integers, float64 for floats.
template <class Sum>
struct PassSums {
  std::vector<Sum> sums;         ///< frames × masks.sums()
  std::vector<double> weighted;  ///< frames × weights
  std::vector<Sum> radial;       ///< frames × bin_count
  std::vector<Sum> pattern_sum;
  std::vector<double> variance;    ///< over the frames, divided by their number
  std::vector<std::uint8_t> read;  ///< one per frame: 0 where the run was stopped before it
  std::int64_t frames_read = 0;
};
template <class T>
struct PassResult : PassSums<std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>> {
  using Sum = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
  std::vector<T> maximum;
};

/// One read of the data. Same bits for any threads, ranks, chunks and buffers: of floats, a frame's sums run row by row
/// and a pixel's sums frame by frame along the partitions' fixed tree. Throws bad_data for values that are not finite
/// where they count, and for integer sums beyond 63 bits. When the run is stopped and what is done kept, the results
/// are those of the frames read; cancelled when there are none.
template <class T>
PassResult<T> pass_over_frames(const Dataset& data, const Correction& correction, const PassRequest& request,
                               Context& context);

/// Bytes that the pass holds: its results and the partial patterns of the reduction, and what each worker adds.
struct PassMemory {
  std::int64_t held = 0, per_worker = 0;
};
PassMemory pass_memory(const Description& data, bool corrected, std::int64_t sums_per_frame, std::int64_t weighted,
                       std::int64_t bins, bool squares);

}  // namespace ruska::ops::diffraction
