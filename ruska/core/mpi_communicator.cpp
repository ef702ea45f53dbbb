// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/mpi_communicator.hpp"

#define OMPI_SKIP_MPICXX
#include <algorithm>
#include <cstdlib>

#include <mpi.h>

namespace ruska {
namespace {

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~MpiCommunicator() override { MPI_Finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    const auto my_size = static_cast<long long>(mine.size());
    std::vector<long long> sizes(static_cast<std::size_t>(size_));
    MPI_Allgather(&my_size, 1, MPI_LONG_LONG, sizes.data(), 1, MPI_LONG_LONG, MPI_COMM_WORLD);
    // One broadcast per rank in pieces: MPI counts are 32-bit, and parts can exceed 2 GiB.
    std::vector<std::vector<std::byte>> all(static_cast<std::size_t>(size_));
    for (int from = 0; from < size_; ++from) {
      auto& part = all[static_cast<std::size_t>(from)];
      part.resize(static_cast<std::size_t>(sizes[static_cast<std::size_t>(from)]));
      if (from == rank_) std::copy(mine.begin(), mine.end(), part.begin());
      constexpr std::size_t piece = 1 << 30;
      for (std::size_t at = 0; at < part.size(); at += piece) {
        MPI_Bcast(part.data() + at, static_cast<int>(std::min(piece, part.size() - at)), MPI_BYTE, from,
                  MPI_COMM_WORLD);
      }
    }
    return all;
  }

  bool any(bool mine) override {
    int local = mine ? 1 : 0, global = 0;
    MPI_Allreduce(&local, &global, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD);
    return global != 0;
  }

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

std::shared_ptr<Communicator> mpi_communicator() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"}) {
    if (std::getenv(name) != nullptr) return std::make_shared<MpiCommunicator>();
  }
  return nullptr;
}

}  // namespace ruska
