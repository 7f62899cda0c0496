// The newest records as they go over the wire, so that nodes that keep up are answered
// without reading the log. Thread: one loop.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/cache/entry.h"

namespace skerry::purge {

class Tail {
 public:
  // `head`: of the log; nothing before it is here.
  Tail(cache::Seq head, ByteCount most_bytes) : most_bytes_(most_bytes), next_(head + 1) {}

  // REQUIRES: the record behind the last one.
  void Add(std::string json);
  // Does it hold everything behind `after`?
  bool Covers(cache::Seq after) const { return after + 1 >= next_ - records_.size(); }
  // Records behind `after`: as many as fit into `most_bytes`, one at least if there is
  // one. REQUIRES: Covers(after). Valid until the next Add.
  std::vector<std::string_view> After(cache::Seq after, size_t most_bytes) const;

 private:
  const ByteCount most_bytes_;
  cache::Seq next_;
  std::deque<std::string> records_;
  ByteCount bytes_ = 0;
};

}  // namespace skerry::purge
