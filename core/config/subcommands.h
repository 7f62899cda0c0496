// Programs whose first word is a command (`skerry-pipeline build …`) read their lines with
// CLI11. Their mistakes are to look like a daemon's: program, flag, cause, nearest flag.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace skerry::config {

// What to print about a line that `app` refused, a mistake a line, each beginning with
// the program's and the command's name. Words that nobody knows come first: a misspelt
// flag is also one that is missing.
std::string UsageMistakes(const CLI::App& app, const CLI::Error& error);

// Lets `app` and its subcommands print that.
void ExplainMistakes(CLI::App& app);

}  // namespace skerry::config
