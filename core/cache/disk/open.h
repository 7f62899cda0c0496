// Disk::Open on another file system: a test's, that fails when told to.
#pragma once

#include <memory>

#include "core/cache/disk/disk.h"

namespace rocksdb {
class Env;
}

namespace skerry::cache::disk {

// `env` outlives the Disk; null: the machine's own.
Result<std::unique_ptr<Disk>> OpenDisk(Disk::Options options, rocksdb::Env* env);

}  // namespace skerry::cache::disk
