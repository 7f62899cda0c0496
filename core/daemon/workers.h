// Worker threads, a loop each; they run when they wake (core/base/urgency.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/net/loop.h"

namespace skerry::daemon {

// Owner: main. The loops exist from construction, the threads from Start on; what
// belongs to a loop is built before Start or in a task on it, and is destroyed after
// Join by its owner, or in a task.
class Workers {
 public:
  // REQUIRES: count >= 1. Threads are named "NAME-0", ….
  Workers(std::string name, size_t count);
  ~Workers();  // Stop and Join
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  size_t size() const { return loops_.size(); }
  net::Loop& loop(size_t index) { return *loops_[index]; }
  void Start();
  // Ends all loops; thread: any but a worker's for Join.
  void Stop();
  void Join();

  // Runs `task(index)` on every loop and `done` on the first loop after all of them.
  void OnEach(std::function<void(size_t)> task, std::function<void()> done);

 private:
  struct Threads;
  std::string name_;
  std::vector<std::unique_ptr<net::Loop>> loops_;
  std::unique_ptr<Threads> threads_;
};

// --workers=0: the processors this process may run on.
size_t UsableProcessors();

}  // namespace skerry::daemon
