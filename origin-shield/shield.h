// The shield as a whole: what main() starts, drains and ends.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "origin-shield/options.h"

namespace skerry::shield {

// Owner and thread: main. Order: Open, Run, destruction.
class Shield {
 public:
  // Opens stores, certificates and listeners. Errors name the cause and the option to
  // change; the process then exits with 2.
  static Result<std::unique_ptr<Shield>> Open(const Options& options);
  ~Shield();

  // Serves until TERM, QUIT or INT, drains, and returns the exit code.
  int Run();

 private:
  struct State;
  explicit Shield(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::shield
