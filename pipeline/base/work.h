// Independent pieces of work on all cores, the largest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace skerry::pipeline {

// Owner: one thread, which adds the first tasks and waits. Tasks run on `jobs` threads
// of the crew and may add more. What tasks compute must not depend on their order: the
// order is by cost, ties as added, but several run at once.
class Crew {
 public:
  // REQUIRES: jobs >= 1.
  explicit Crew(size_t jobs);
  // Waits.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  size_t jobs() const;
  // Thread: any. `cost` in any unit, the same for all tasks of a crew.
  void Add(uint64_t cost, std::function<void()> task);
  // Until every task, and every task that tasks added, has run.
  void Wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::pipeline
