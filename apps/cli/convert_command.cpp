// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/session.hpp"
#include "ruska/core/convert.hpp"

namespace ruska::cli {
namespace {

/// "npy, raw, zspy": the names of the drivers that write and, where asked, can take a file up again.
std::string writers(bool that_resume) {
  std::string names;
  for (const Driver* driver : drivers()) {
    if (driver->create == nullptr || (that_resume && driver->resume == nullptr)) continue;
    names += (names.empty() ? "" : ", ") + std::string(driver->name);
  }
  return names;
}

std::string layout_of(const Storage& storage) {
  const std::string compression = storage.compression.empty() ? "uncompressed" : storage.compression;
  if (storage.chunk.empty()) return "contiguous, " + compression;
  return "chunks of " + to_string(storage.chunk) + ", " + compression;
}

}  // namespace

void add_convert_command(CLI::App& app, Session& session) {
  struct Options {
    std::string file, signal, output;
    ConversionOptions conversion;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("convert", "Write one signal of a file in another format");
  command->add_option("file", options->file, "The file")->required();
  command->add_option("--signal", options->signal, "Which signal, by number or title (default: the obvious one)");
  command->add_option("-o,--output", options->output, "The file to write; its extension says the format")->required();
  command->add_option("--format", options->conversion.format, "The format, whatever the extension: " + writers(false));
  command->add_flag("--force", session.force, "Replace an existing file");
  command->add_flag("--resume,!--no-resume", options->conversion.resume,
                    "Take up what a killed conversion of the same file left (on; with " + writers(true) + ")");
  add_run_flags(*command, session);
  command->callback([options, &session] {
    prepare(session);
    const Dataset data = open_signal(options->file, options->signal);
    if (!session.leads()) return;
    options->conversion.replace = session.force;
    const Conversion done = convert(data, options->output, options->conversion, session.context);
    const Description& description = data.describe();
    say(session, "wrote '" + description.title + "', " + to_string(description.shape()) + " " +
                     std::string(name_of(description.dtype)) + ", to " + options->output + " (" +
                     std::string(done.driver->title) + ": " + layout_of(done.storage) + ")");
    if (done.kept > 0) {
      say(session, "kept " + std::to_string(done.kept) + " of " + std::to_string(done.pieces) +
                       " pieces that an earlier, killed conversion had written");
    }
    for (const std::string& line : done.losses) say(session, "lost: " + line);
  });
}

}  // namespace ruska::cli
