// The shield as a whole: what main() starts, drains and ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "origin-shield/options.h"

namespace skerry::shield {

// Owner and thread: main. Order: Open, Run, destruction.
class Shield {
 public:
  // Opens stores, certificates and listeners. Errors name the cause and the option to
  // change; the process then exits with 2 and, unless a store itself is at fault, has
  // changed nothing.
  static Result<std::unique_ptr<Shield>> Open(const Options& options);
  ~Shield();

  // Called on HUP: the new options, or nothing when they are wrong (already reported).
  using Reload = std::function<std::optional<Options>()>;
  // Serves until TERM, QUIT or INT, drains, and returns the exit code.
  int Run(const Reload& reload);

 private:
  struct State;
  explicit Shield(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::shield
