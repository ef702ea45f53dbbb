// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/session.hpp"
#include "ruska/base/pending_file.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::cli {
namespace {

void convert(Session& session, const Dataset& data, const std::filesystem::path& output) {
  const Description& description = data.describe();
  const Driver& driver = writer_for(output);
  // Formats whose files are folders are written as such.
  const bool folder = driver.probe_folder != nullptr;
  PendingFile pending(output, folder ? PendingFile::Kind::folder : PendingFile::Kind::file, session.force);
  with_context([&] { return "writing " + output.string(); },
               [&] {
                 const std::unique_ptr<Sink> sink = driver.create(pending.path(), description);
                 const Partitions partitions = partitions_of(description);
                 session.context.stage("converting", partitions.count());
                 std::vector<std::byte> values;
                 for (std::int64_t p = 0; p < partitions.count(); ++p) {
                   for (const Region& region : regions_of_rows(description, partitions.range(p))) {
                     values.resize(static_cast<std::size_t>(region.count()) * size_of(description.dtype));
                     data.source().read(region, values);
                     sink->write(region, values);
                   }
                   session.context.tick();
                 }
                 sink->commit();
               });
  pending.commit();
}

}  // namespace

void add_convert_command(CLI::App& app, Session& session) {
  struct Options {
    std::string file, signal, output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("convert", "Write one signal of a file in another format");
  command->add_option("file", options->file, "The file")->required();
  command->add_option("--signal", options->signal, "Which signal, by number or title (default: the obvious one)");
  command->add_option("-o,--output", options->output, "The file to write; its extension says the format")->required();
  command->add_flag("--force", session.force, "Replace an existing file");
  add_run_flags(*command, session);
  command->callback([options, &session] {
    prepare(session);
    const Dataset data = open_signal(options->file, options->signal);
    if (!session.leads()) return;
    convert(session, data, options->output);
    const Description& description = data.describe();
    say(session, "wrote '" + description.title + "', " + to_string(description.shape()) + " " +
                     std::string(name_of(description.dtype)) + ", to " + options->output);
  });
}

}  // namespace ruska::cli
