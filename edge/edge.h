// The edge as a whole: what main() starts, drains and ends.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "edge/config/options.h"

namespace skerry::edge {

// Owner and thread: main. Order: Open, Run, destruction.
class Edge {
 public:
  // Opens store, certificates and listeners. Errors name the cause and the option to
  // change; the process then exits with 2 and has changed nothing.
  static Result<std::unique_ptr<Edge>> Open(const Options& options);
  ~Edge();

  // Called on HUP: the new options, or nothing when they are wrong (already reported).
  using Reload = std::function<std::optional<Options>()>;
  // Serves until TERM, QUIT or INT, drains, and returns the exit code.
  int Run(Reload reload);

 private:
  struct State;
  explicit Edge(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::edge
