// Signals as tasks on a loop: TERM, QUIT and INT end, HUP reloads, USR1 reopens
// logs, USR2 hands over. SIGPIPE is ignored.
#pragma once

#include <functional>
#include <memory>

#include "core/net/loop.h"

namespace skerry::daemon {

// Owner: main. Make it before any other thread starts, so that all threads have
// these signals blocked and one alone waits for them.
class Signals {
 public:
  Signals();
  ~Signals();

  // From now on `handler(signo)` runs on `loop` for each signal. A second TERM, QUIT
  // or INT while the first is being handled ends the process at once.
  void Deliver(net::Loop& loop, std::function<void(int)> handler);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::daemon
