#include "core/daemon/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/base/result.h"
#include "core/base/thread.h"

namespace skerry::daemon {

struct Signals::State {
  sigset_t set;
  std::thread thread;
  std::atomic<bool> ending{false};
};

Signals::Signals() : state_(std::make_unique<State>()) {
  sigemptyset(&state_->set);
  for (const int signo : {SIGTERM, SIGQUIT, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
    sigaddset(&state_->set, signo);
  }
  SKERRY_CHECK(pthread_sigmask(SIG_BLOCK, &state_->set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  if (!state_->thread.joinable()) return;
  state_->ending = true;
  pthread_kill(state_->thread.native_handle(), SIGUSR1);
  state_->thread.join();
}

void Signals::Deliver(net::Loop& loop, std::function<void(int)> handler) {
  SKERRY_CHECK(!state_->thread.joinable());
  state_->thread = std::thread([state = state_.get(), &loop, handler = std::move(handler)] {
    NameThisThread("signals");
    int ends = 0;
    while (true) {
      int signo = 0;
      if (sigwait(&state->set, &signo) != 0) continue;
      if (state->ending) return;
      const bool end = signo == SIGTERM || signo == SIGQUIT || signo == SIGINT;
      if (end && ++ends > 1) _exit(1);
      loop.Post([handler, signo] { handler(signo); });
    }
  });
}

}  // namespace skerry::daemon
