// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/convert.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include "ruska/base/digest.hpp"
#include "ruska/base/journal.hpp"
#include "ruska/base/pending_file.hpp"
#include "ruska/core/losses.hpp"
#include "ruska/core/pieces.hpp"
#include "ruska/core/record.hpp"
#include "ruska/core/series.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

/// Large enough that seeks and calls cost nothing, small enough that a hundred fit any machine.
constexpr std::int64_t piece_bytes = std::int64_t{8} << 20;
/// The values, what a codec makes of them, and a copy on the way.
constexpr std::int64_t copies = 3;
constexpr auto journal_interval = std::chrono::milliseconds(500);

void add_file(Json& files, const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return;
  files.push_back({path.filename().string(), size, fs::last_write_time(path, error).time_since_epoch().count()});
}

/// The files that a dataset is read from, with size and time of change: those of a series, all of a folder, or the file
/// and what else has its name with another extension.
Json files_of(const Dataset& data, const fs::path& output) {
  Json files = Json::array();
  const fs::path path = fs::absolute(data.origin().file);
  files.push_back(path.string());
  std::vector<fs::path> found;
  std::error_code ignored;
  if (!fs::exists(path)) {
    found = series_of_pattern(path);
  } else if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, ignored)) found.push_back(entry.path());
  } else {
    const std::string written = output.filename().string();
    for (const auto& entry : fs::directory_iterator(path.parent_path(), ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(path.stem().string()) && !name.starts_with(written)) found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  for (const fs::path& one : found) {
    if (fs::is_regular_file(one, ignored)) add_file(files, one);
  }
  return files;
}

/// One line that two conversions share only when they cut the same signal into the same pieces and write the same bytes
/// to the same places: all that this follows from.
std::string work_of(const Dataset& data, const fs::path& output, const Driver& driver, const Context& context) {
  const Description& description = data.describe();
  Json axes = Json::array();
  for (const Axis& axis : description.axes) axes.push_back(to_json(axis));
  const Json facts{{"files", files_of(data, output)},
                   {"signal", data.origin().signal},
                   {"title", description.title},
                   {"signal_type", description.signal_type},
                   {"dtype", name_of(description.dtype)},
                   {"axes", axes},
                   {"metadata", description.metadata},
                   {"original", description.original},
                   {"format", driver.name},
                   {"memory", context.memory},
                   {"build", build_facts()}};
  const std::string text = facts.dump(-1, ' ', false, Json::error_handler_t::replace);
  return "conversion " + digest_of(std::as_bytes(std::span(text)));
}

/// Steps that take whole chunks of the sink, and whole chunks of the source too where `whole_reads`.
Shape step_of(const Description& description, const Storage& storage, bool whole_reads) {
  Shape step = storage.chunk.empty() ? Shape(description.axes.size(), 1) : storage.chunk;
  step.resize(description.axes.size(), 1);
  for (std::size_t a = 0; a < step.size(); ++a) {
    if (whole_reads && !description.chunk.empty()) {
      step[a] = (description.chunk[a] + step[a] - 1) / step[a] * step[a];
    }
    step[a] = std::min(step[a], std::max<std::int64_t>(description.axes[a].size, 1));
  }
  if (!description.fields.empty()) step.back() = description.axes.back().size;
  return step;
}

/// How the work is cut, which does not depend on the number of threads, and how many of them the memory is enough for.
struct Cut {
  Pieces pieces;
  int threads;
};

Cut cut(const Dataset& data, const Storage& storage, const Context& context) {
  const Description& description = data.describe();
  const auto item = static_cast<std::int64_t>(size_of(description.dtype));
  const std::int64_t budget = context.memory - data.source().buffered() - storage.buffered;
  const auto bytes_of = [&](const Shape& box) { return count(box) * item; };
  Shape step = step_of(description, storage, true);
  if (bytes_of(step) * copies > budget) step = step_of(description, storage, false);
  const std::int64_t least = bytes_of(step) * copies;
  if (budget < least) {
    throw Error(ErrorKind::out_of_memory, "writing '" + description.title + "' in pieces needs " +
                                              std::to_string((context.memory - budget + least) / 1000000 + 1) +
                                              " MB, and " + std::to_string(context.memory / 1000000) +
                                              " MB are allowed; give --memory more");
  }
  const std::int64_t limit = std::max(std::min(budget / copies, piece_bytes), least / copies);
  Pieces pieces(description.shape(), step, limit / item);
  const std::int64_t per_thread = std::max<std::int64_t>(bytes_of(pieces.largest()) * copies, 1);
  const std::int64_t threads =
      std::min({static_cast<std::int64_t>(context.threads), budget / per_thread, pieces.count()});
  return {std::move(pieces), static_cast<int>(std::max<std::int64_t>(threads, 1))};
}

/// Reads the pieces on several threads and writes them: in order, or as they come where the sink is concurrent. In
/// order, the bytes of the file do not depend on the threads.
class Pump {
 public:
  Pump(const Dataset& data, Sink& sink, const Pieces& pieces, std::vector<std::int64_t> todo, Journal* journal,
       Context& context)
      : data_(data),
        sink_(sink),
        concurrent_(sink.storage().concurrent),
        pieces_(pieces),
        todo_(std::move(todo)),
        journal_(journal),
        context_(context),
        limit_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(context.threads)),
        arena_(context.threads) {}

  /// On this many threads, which the codecs below them may make up to the context's.
  void run(int threads) {
    std::vector<std::thread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back([this] { work(); });
    work();
    for (std::thread& worker : workers) worker.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() {
    std::vector<std::byte> values;
    try {
      for (std::size_t turn = next(); turn < todo_.size(); turn = next()) {
        const Region region = pieces_.at(todo_[turn]);
        values.resize(static_cast<std::size_t>(region.count()) * size_of(data_.describe().dtype));
        arena_.execute([&] { data_.source().read(region, values); });
        if (concurrent_) {
          arena_.execute([&] { sink_.write(region, values); });
        } else if (wait_for(turn)) {  // outside the arena, so that its place is free for who compresses meanwhile
          arena_.execute([&] { sink_.write(region, values); });
          pass_on();
        }
        note(todo_[turn]);
        context_.tick();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      turned_.notify_all();
    }
  }

  /// The place in `todo_` of the next piece to read; past the end when there is none or another thread failed.
  std::size_t next() {
    const std::lock_guard lock(mutex_);
    return failure_ ? todo_.size() : next_++;
  }
  /// Waits until all pieces before have been written; false when another thread failed.
  bool wait_for(std::size_t turn) {
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return failure_ || written_ == turn; });
    return !failure_;
  }
  void pass_on() {
    const std::lock_guard lock(mutex_);
    ++written_;
    turned_.notify_all();
  }

  /// A piece is written. Now and then those that are go to the disk, and then into the journal.
  void note(std::int64_t piece) {
    if (journal_ == nullptr) return;
    std::vector<std::int64_t> finished;
    {
      const std::lock_guard lock(mutex_);
      if (failure_) return;
      unlisted_.push_back(piece);
      const auto now = std::chrono::steady_clock::now();
      if (now - listed_ < journal_interval) return;
      listed_ = now;
      finished.swap(unlisted_);
    }
    sink_.flush();
    const std::lock_guard lock(journal_mutex_);
    journal_->add(finished);
  }

  const Dataset& data_;
  Sink& sink_;
  const bool concurrent_;
  const Pieces& pieces_;
  const std::vector<std::int64_t> todo_;
  Journal* journal_;
  Context& context_;
  tbb::global_control limit_;
  tbb::task_arena arena_;
  std::mutex mutex_, journal_mutex_;
  std::condition_variable turned_;
  std::size_t next_ = 0, written_ = 0;
  std::vector<std::int64_t> unlisted_;
  std::chrono::steady_clock::time_point listed_ = std::chrono::steady_clock::now();
  std::exception_ptr failure_;
};

}  // namespace

Conversion convert(const Dataset& data, const fs::path& output, const ConversionOptions& options, Context& context) {
  const Description& description = data.describe();
  Conversion conversion;
  conversion.driver = &writer_for(output, options.format);
  const Driver& driver = *conversion.driver;
  // Formats whose files are folders are written as such.
  const auto kind = driver.probe_folder != nullptr ? PendingFile::Kind::folder : PendingFile::Kind::file;
  const bool resumable = driver.resume != nullptr && !data.origin().file.empty();
  with_context(
      [&] { return "writing " + output.string(); },
      [&] {
        const std::string work = resumable ? work_of(data, output, driver, context) : "";
        std::optional<Journal> journal;
        if (resumable && options.resume) journal = Journal::left_behind(output, work);
        PendingFile pending(output, kind, options.replace, journal ? journal->pending() : fs::path());
        std::vector<std::int64_t> finished;
        if (journal) {
          finished = journal->finished();
          journal->move_to(pending.path());
        }
        {
          const std::unique_ptr<Sink> sink =
              journal ? driver.resume(pending.path(), description) : driver.create(pending.path(), description);
          if (resumable && !journal) journal.emplace(pending.path(), work);
          conversion.storage = sink->storage();
          const Cut plan = cut(data, conversion.storage, context);
          conversion.pieces = plan.pieces.count();
          std::vector<bool> is_finished(static_cast<std::size_t>(conversion.pieces));
          for (const std::int64_t piece : finished) {
            if (piece >= 0 && piece < conversion.pieces) is_finished[static_cast<std::size_t>(piece)] = true;
          }
          std::vector<std::int64_t> todo;
          for (std::int64_t piece = 0; piece < conversion.pieces; ++piece) {
            if (!is_finished[static_cast<std::size_t>(piece)]) todo.push_back(piece);
          }
          conversion.kept = conversion.pieces - static_cast<std::int64_t>(todo.size());
          context.stage("writing " + output.filename().string(), static_cast<std::int64_t>(todo.size()));
          Pump(data, *sink, plan.pieces, std::move(todo), journal ? &*journal : nullptr, context).run(plan.threads);
          sink->commit();
        }
        pending.commit();
      });
  // What a file tells is what its reader finds in it.
  with_context([&] { return "reading back " + output.string(); },
               [&] { conversion.losses = losses(description, driver.open(output).front()->describe()); });
  return conversion;
}

}  // namespace ruska
