// Waits in tests until what was given to a pool of one thread has run, and then runs
// what that posted to the loop.
#pragma once

#include "core/base/thread.h"
#include "core/net/fake_loop.h"

namespace skerry::shield {

inline void Settle(Pool& pool, net::FakeLoop& loop) {
  // A task may give the pool another one: twice is enough for what is tested here.
  for (int round = 0; round < 3; ++round) {
    Mutex mutex;
    ConditionVariable changed;
    bool done = false;
    pool.Run([&] {
      MutexLock lock(mutex);
      done = true;
      changed.NotifyAll();
    });
    {
      MutexLock lock(mutex);
      while (!done) changed.Wait(mutex);
    }
    loop.RunPosted();
  }
}

}  // namespace skerry::shield
