// Command lines of the daemons: flags from the option table, and the start-up that
// all of them share.
//
//   int main(int argc, char** argv) {
//     config::Launch<EdgeOptions> launch({"skerry-edge", "caching edge node"}, EdgeTable(),
//     CheckEdge); if (const std::optional<int> code = launch.Start(argc, argv)) return *code; …
//     launch.options() …
//
// Besides the table's flags there are --config=FILE, --check_config, --help,
// --version and --dump_options=markdown|schema. Flags override the file. A mistake
// is printed, one line each, with the nearest flag; the exit code is then 2.
// Thread: the main thread, before any other starts, except Reload().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/reader.h"
#include "core/config/table.h"

namespace skerry::config {

struct Program {
  std::string_view name;     // "skerry-edge"
  std::string_view summary;  // after the name in --help
};

// Flags as given, checked against a table but not yet applied.
class CommandLine {
 public:
  // Reads argv through gflags. Unknown flags, flags without a value and further
  // words are problems.
  static CommandLine Parse(const Shape& shape, int argc, const char* const* argv,
                           Problems& problems);

  const std::string& config_file() const { return config_file_; }  // empty: none
  bool help() const { return help_; }
  bool version() const { return version_; }
  bool check_config() const { return check_config_; }
  const std::string& dump_options() const { return dump_options_; }

  // Sets the options that flags name.
  void Apply(const Shape& shape, void* object, Given& given, Problems& problems) const;

 private:
  std::vector<std::pair<std::string, std::string>> flags_;  // option name, value
  std::string config_file_;
  bool help_ = false;
  bool version_ = false;
  bool check_config_ = false;
  std::string dump_options_;
};

// Defaults, then the file if there is one, then flags, then nothing required missing.
void Load(const Shape& shape, const CommandLine& line, void* object, Problems& problems);

// What --help prints.
std::string Help(const Program& program, const Shape& shape);

// The part of Launch::Start that does not know the struct: answers --help and the
// like, and prints problems. `load` fills the options.
std::optional<int> StartProgram(const Program& program, const Shape& shape, const CommandLine& line,
                                Problems& problems, const std::function<void(Problems&)>& load);

// Logs what is wrong with a file that was read again, else which changed options wait
// for a restart. True: take it over.
bool ReportReload(const Shape& shape, const void* running, const void* fresh,
                  const Problems& problems);

template <class S>
class Launch {
 public:
  // Adds what is wrong about the options together: two of them exclude each other.
  using Check = void (*)(const S& options, Problems& problems);

  Launch(const Program& program, const Table<S>& table, Check check = nullptr)
      : program_(program), table_(table), check_(check) {}

  // The code to exit with, everything printed; nullopt: go on with options().
  std::optional<int> Start(int argc, const char* const* argv) {
    Problems problems;
    line_ = CommandLine::Parse(table_.shape(), argc, argv, problems);
    return StartProgram(program_, table_.shape(), line_, problems,
                        [this](Problems& found) { options_ = Fresh(found); });
  }

  const S& options() const { return options_; }

  // For HUP: the file as it is now, under the same flags; options() stays what the
  // process was started with. Thread: any.
  S Reload(Problems& problems) const { return Fresh(problems); }

  // The same with everything logged; nothing when the file is wrong.
  std::optional<S> ReadAgain() const {
    Problems problems;
    S fresh = Reload(problems);
    if (!ReportReload(table_.shape(), &options_, &fresh, problems)) return std::nullopt;
    return fresh;
  }

 private:
  S Fresh(Problems& problems) const {
    S options = table_.Defaults();
    Load(table_.shape(), line_, &options, problems);
    if (problems.empty() && check_ != nullptr) check_(options, problems);
    return options;
  }

  Program program_;
  const Table<S>& table_;
  Check check_;
  CommandLine line_;
  S options_{};
};

}  // namespace skerry::config
