// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <cblas.h>
#include <tbb/version.h>
#include <zlib.h>

#include "apps/cli/session.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/core/record.hpp"
#include "ruska/io/hdf5/writer.hpp"

namespace ruska::cli {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

Json facts(const Session& session) {
  Json formats = Json::array();
  for (const Driver* driver : drivers()) formats.push_back(driver->name);
  const Json build = build_facts();
#ifdef RUSKA_WITH_MPI
  const bool mpi = true;
#else
  const bool mpi = false;
#endif
  return {{"ruska", build["ruska"]},
          {"build_type", build["build_type"]},
          {"compiler", build["compiler"]},
          {"cpu", cpu_model()},
          {"cpus", available_cpus()},
          {"threads", session.context.threads},
          {"simd", build["simd"]},
          {"blas", build["blas"]},
          {"blas_threads", "1 within a partition; ruska's own threads run partitions"},
          {"memory_bytes", available_memory()},
          {"memory_default_bytes", session.context.memory},
          {"mpi", mpi},
          {"ranks", session.context.ranks->size()},
          {"hdf5", io::hdf5::library_version()},
          {"tbb", TBB_runtime_version()},
          {"zlib", zlibVersion()},
          {"formats", formats},
          {"operations", operations().size()}};
}

}  // namespace

void add_doctor_command(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("doctor", "What this machine and this build offer");
  command->add_flag("--json", session.json, "As JSON");
  add_run_flags(*command, session);
  command->callback([&session] {
    prepare(session);
    const Json all = facts(session);
    if (session.json) {
      print(session, all.dump(2) + "\n");
      return;
    }
    std::string text;
    for (const auto& [name, value] : all.items()) {
      const std::string& key = name;
      std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
      if (key.ends_with("_bytes")) shown = format_bytes(value.get<double>());
      text += key + std::string(key.size() < 22 ? 22 - key.size() : 1, ' ') + shown + "\n";
    }
    print(session, text);
  });
}

}  // namespace ruska::cli
