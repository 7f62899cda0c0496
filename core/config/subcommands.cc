#include "core/config/subcommands.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "core/config/nearest.h"

namespace skerry::config {
namespace {

// The command that was named, or the program where none was.
const CLI::App& Named(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? app : *named.front();
}

// What could have been meant: flags, or commands where a command is wanted.
std::vector<std::string> Candidates(const CLI::App& app, bool flags) {
  std::vector<std::string> names;
  if (flags) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string Unknown(const CLI::App& app, const std::string& word) {
  const bool flag = word.starts_with('-');
  const std::vector<std::string> candidates = Candidates(app, flag);
  const std::string name = word.substr(0, word.find('='));
  const std::string_view nearest = Nearest(name, candidates);
  const char* const what = flag                 ? ": unknown flag"
                           : candidates.empty() ? ": unexpected argument"
                                                : ": unknown command";
  if (nearest.empty()) return name + what + "; --help lists all";
  return name + what + "; did you mean " + std::string(nearest) + "?";
}

}  // namespace

std::string UsageMistakes(const CLI::App& app, const CLI::Error& error) {
  const CLI::App& command = Named(app);
  std::string begin = app.get_name();
  if (&command != &app) begin += " " + command.get_name();
  begin += ": ";
  std::string text;
  for (const std::string& word : app.remaining(true)) {
    text += begin + Unknown(command, word) + "\n";
    if (&command == &app && !word.starts_with('-')) return text;  // the rest is for that command
  }
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) return text;
  return text + begin + error.what() + "; --help tells more\n";
}

void ExplainMistakes(CLI::App& app) {
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    return UsageMistakes(*failed, error);
  });
}

}  // namespace skerry::config
