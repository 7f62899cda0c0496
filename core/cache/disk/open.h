// Disk::Open on another file system: a test's, that fails when told to.
#pragma once

#include <memory>

#include "core/cache/disk/disk.h"

namespace rocksdb {
class Env;
}

namespace skerry::cache::disk {

class BodyFaults;

// Both outlive the Disk; null: the machine's own, no faults.
Result<std::unique_ptr<Disk>> OpenDisk(Disk::Options options, rocksdb::Env* env,
                                       BodyFaults* faults);

}  // namespace skerry::cache::disk
