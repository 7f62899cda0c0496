// Concurrent requests become one write: what comes while a write is under way goes
// with the next, in the order in which it came. Each request stays a record of its
// own; a sync is shared.
//
// Owner and thread: one loop; the log is used on the pool.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/thread.h"
#include "core/net/loop.h"
#include "purge-api/log/log.h"

namespace skerry::purge {

class Batch {
 public:
  struct Options {
    size_t most_waiting = 1000;  // drafts; beyond that Add refuses
    ByteCount most_bytes = 64_MiB;
    size_t most_together = 512;  // in one write
  };
  // On the loop. For all drafts of one write in their order, and then once for the
  // write: nothing is between the records of a write.
  using Done = std::function<void(const Result<Written>&)>;

  // `writer` has one thread; log, pool and loop outlive its tasks.
  Batch(net::Loop& loop, Pool& writer, Log& log, Options options);
  ~Batch();

  // `bytes`: of the request, for the bound. False: too much is waiting (429).
  bool Add(Draft draft, ByteCount bytes, Done done);
  // After every write, behind its Dones.
  void set_on_written(std::function<void()> on_written) { on_written_ = std::move(on_written); }
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Draft draft;
    ByteCount bytes = 0;
    Done done;
  };
  void Write();
  void OnWritten(std::vector<Waiting>& sent, const Result<std::vector<Written>>& result);

  net::Loop& loop_;
  Pool& writer_;
  Log& log_;
  const Options options_;
  std::function<void()> on_written_;
  std::vector<Waiting> waiting_;
  ByteCount bytes_ = 0;
  bool writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skerry::purge
