// Bodies of stored responses and of fills, as sessions pull them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/cache/disk/disk.h"
#include "core/cache/entry.h"
#include "core/cache/fill/fill.h"
#include "core/cache/ram.h"
#include "core/http/body.h"
#include "core/net/loop.h"

namespace skerry::gateway {

// The part of a body to send: a range request, or all of it.
struct BodyPart {
  uint64_t from = 0;
  std::optional<uint64_t> count;  // nothing: to the end
};

// The body of an entry: from memory, and what is not there from the disk tier, a
// chunk ahead of the reader. An entry that was read whole from disk is offered to
// the RAM tier. Owner: a stream. Thread: its loop's.
std::unique_ptr<http::BodySource> MakeStoredBody(cache::EntryPtr entry, BodyPart part,
                                                 cache::Disk* disk, cache::Ram* ram,
                                                 net::Loop& loop);

// Begins to fetch that part of a fill's body anew, for one reader. Null: it cannot be
// asked for in parts.
using FetchPart = std::function<std::shared_ptr<cache::Fill>(const BodyPart&)>;

// The body of a fill while it arrives. Bytes that are no longer held in memory come from
// the disk tier, and what is not there from `fetch` (may be empty), if the same
// representation is still what upstream has. Owner: a stream. Thread: its loop's.
std::unique_ptr<http::BodySource> MakeFillBody(std::shared_ptr<cache::Fill> fill,
                                               std::shared_ptr<cache::Fill::Seat> seat,
                                               BodyPart part, cache::Disk* disk, net::Loop& loop,
                                               FetchPart fetch);

}  // namespace skerry::gateway
