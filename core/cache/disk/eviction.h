// Makes room: drops the oldest file of the log whole, and stores anew what was read
// since it was written.
//
// Nothing is deleted one by one (that costs 2.5 to 3.3 times the budget,
// docs/why/disk-log.md). Deleting a row and storing anew happen only if the row is
// still that fill. Of each dropped file a part may come back (StoredAnew), so that
// every step makes room.
//
// Owner: upkeep. Thread: upkeep's; it may wait for the appender, never the reverse.
#pragma once

#include <functional>

#include "core/cache/disk/appender.h"
#include "core/cache/disk/index.h"
#include "core/cache/disk/pins.h"
#include "core/cache/disk/reader.h"
#include "core/cache/disk/store.h"
#include "core/cache/disk/thresholds.h"

namespace skerry::cache::disk {

class Eviction {
 public:
  struct Parts {
    Store& store;
    Index& index;
    Pins& pins;
    Fills& fills;
    Positions& positions;
    Appender& appender;
    Reader& reader;
    ByteCount budget;
    std::function<Seq()> purge_head;
    std::function<bool(const StoredHead&)> still_valid;
  };
  explicit Eviction(Parts parts) : parts_(std::move(parts)) {}

  bool Needed() const;
  // Drops the oldest file that nobody reads; false if there is none. Responses that
  // were hit are stored anew, as far as the budget has room for them, unless `spare_none`.
  bool DropOldest(bool spare_none = false);
  // Drops files that only readers had kept.
  void DropLeftBehind();

 private:
  // Is it on its way back?
  bool StoreAnew(const IndexRow& row);

  Parts parts_;
  ByteCount allowance_ = 0;   // bytes that may come back
  ByteCount room_ = 0;        // and that fit, until the oldest file is gone
  bool left_behind_ = false;  // pins have kept files below the horizon
};

}  // namespace skerry::cache::disk
