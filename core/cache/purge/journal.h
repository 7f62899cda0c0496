// The durable side of a node: what it has applied, as values in a ControlStore.
//
//   purge.node         {"log", "applied", "stamp", "tail"}, and "given" (GiveAway)
//   purge.generations  Generations::Serialize at some position
//   purge.tail.N       the changes after that, one batch each (change.h), N < tail
//   purge.rules        SHA-256 of each set of key rules that stored responses may be named by
//
// A batch costs its own bytes and one sync; a snapshot is taken when the tail has
// grown larger than the last one was, so that bytes are written twice at most. Private to the room.
// Thread: one at a time, not a loop's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/purge/control_store.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"

namespace skerry::cache {

class Journal {
 public:
  Journal(ControlStore& store, Generations& generations)
      : store_(store), generations_(generations) {}

  // Restores the generations, and begins a new snapshot so that stamps of this
  // process can be told from those of the former. `rules`: by which this process names
  // URLs, empty: as they are. What was stored under others is kUnknown from now on: records
  // that this process applies do not name it.
  Result<PurgeNode::Durable> Load(std::string_view rules = {});
  // Responses may be stored under these as well. Returns when that is durable.
  Status AddRules(std::string_view rules);
  // `changes` have been applied. Returns when that is durable.
  Status Append(const std::string& log_id, const std::vector<Change>& changes);
  // The whole state: after a reset, or when the tail is long.
  Status Snapshot(const std::string& log_id);

  // The store goes to another process, while this one serves on and acknowledges what is
  // written nowhere: whoever opens it must not believe that it is up to date
  // (Durable::may_lack). Returns when that is durable.
  Status GiveAway(const std::string& log_id);
  // A lease was held with this store: with the next write that is over.
  void Keep() { given_ = false; }

 private:
  Result<bool> Replay(size_t batches);
  Status LoadRules(std::string_view rules);
  std::string NodeValue(const std::string& log_id) const;

  ControlStore& store_;
  Generations& generations_;
  std::string rules_;  // as they are stored
  bool given_ = false;
  size_t tail_ = 0;
  size_t tail_bytes_ = 0;
  size_t snapshot_bytes_ = 0;  // of the last one
};

}  // namespace skerry::cache
