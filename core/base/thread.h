// Mutexes that clang can check (-Wthread-safety), and a pool for blocking work.
//
// std::mutex carries no annotations in libstdc++, so state is guarded by this
// Mutex: `ByteCount bytes_ SKERRY_GUARDED_BY(mutex_)`.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#if defined(__clang__)
#define SKERRY_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define SKERRY_THREAD_ATTRIBUTE(x)
#endif
#define SKERRY_GUARDED_BY(mutex) SKERRY_THREAD_ATTRIBUTE(guarded_by(mutex))
#define SKERRY_REQUIRES(mutex) SKERRY_THREAD_ATTRIBUTE(requires_capability(mutex))
#define SKERRY_EXCLUDES(mutex) SKERRY_THREAD_ATTRIBUTE(locks_excluded(mutex))

namespace skerry {

class SKERRY_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void Lock() SKERRY_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void Unlock() SKERRY_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class ConditionVariable;
  std::mutex mutex_;
};

class SKERRY_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SKERRY_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() SKERRY_THREAD_ATTRIBUTE(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex held; may wake without reason, so callers loop.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) SKERRY_REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    condition_.wait(held);
    held.release();
  }
  // False when `timeout` ran out.
  template <class Duration>
  bool WaitFor(Mutex& mutex, Duration timeout) SKERRY_REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_for(held, timeout) == std::cv_status::no_timeout;
    held.release();
    return woken;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

// A few threads that run blocking work (disk reads, name look-ups, compression)
// in the order given. Owner: the process; tasks post their results back to the
// loop that asked. Thread: any. The destructor runs what is queued, then joins.
class Pool {
 public:
  // REQUIRES: threads >= 1. `name` is shown by `top -H` (15 characters).
  Pool(std::string name, size_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void Run(std::function<void()> task);
  // Tasks that wait for a thread, for metrics and admission.
  size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Names the calling thread for `top -H` and debuggers.
void NameThisThread(const std::string& name);

}  // namespace skerry
