// skerry-purge as a process: opens what the options name, serves, drains at TERM.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "purge-api/options.h"

namespace skerry::purge {

// Owner and thread: main.
class Program {
 public:
  // The error says what could not be opened, and why.
  static Result<std::unique_ptr<Program>> Open(const Options& options);
  ~Program();

  // Called on HUP: the new options, or nothing when they are wrong (already reported).
  using Reload = std::function<std::optional<Options>()>;
  // Serves until a signal ends it. Returns the code to exit with.
  int Run(const Reload& reload);

 private:
  struct State;
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::purge
