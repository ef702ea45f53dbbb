// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/write_whole.hpp"

#include <fstream>

#include "ruska/base/error.hpp"
#include "ruska/base/pending_file.hpp"

namespace ruska::report {

void write_whole(const std::filesystem::path& path, std::string_view content) {
  PendingFile pending(path, PendingFile::Kind::file, true);
  {
    std::ofstream file(pending.path(), std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) {
      throw Error(ErrorKind::io, "cannot write " + path.string() + " (" + std::to_string(content.size()) +
                                     " bytes); is there room on the disk?");
    }
  }
  pending.commit();
}

}  // namespace ruska::report
