// The log in RocksDB: one process, one machine. RocksDB stays in the .cc.
//
//   r<seq>   record, JSON                      i<seq>   {"at","who","key"}
//   o<seq>   what an open record needs         c<seq>   receipt of a complete one
//   k<key>   {"digest","seq"}                  a<site>  newest activation, JSON
//   m/id, m/head, m/members
//
// <seq> is 8 bytes, big-endian. A batch is one write and one sync of the WAL.
#pragma once

#include <memory>
#include <string>

#include "core/base/random.h"
#include "purge-api/log/log.h"

namespace skerry::purge {

struct RocksLogOptions {
  std::string directory;
  // Records kept for nodes that come back; a node that was away longer starts anew.
  uint64_t keep_records = 1'000'000;
  Random* random = &Random::Secure();
};

// Opens or creates it. The lock of another process is kRefused and names the
// directory.
Result<std::unique_ptr<Log>> OpenRocksLog(const RocksLogOptions& options);

}  // namespace skerry::purge
