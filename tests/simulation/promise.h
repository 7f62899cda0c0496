// What a receipt promises, checked from outside: it knows when records were written
// and completed and what was served, and nothing of generations, leases or fences.
//
// Once a record is complete, no request begun afterwards gets bytes whose fetch from
// the origin began before the record (hard), or gets them as fresh (soft). After an
// activation it gets that release or a later one in the order of the log. Content-hashed objects
// are covered by immutable purges only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/cache/purge/record.h"

namespace skerry::simulation {

// What the world's clients ask for.
struct Resource {
  std::string url;
  std::string host;
  std::vector<std::string> tags;
  bool content_hashed = false;
  bool released = false;  // served from the active release of site "shop"
};
const std::vector<Resource>& Resources();

// The bytes of an answer.
struct Bytes {
  Micros begun{0};       // when their fetch from the origin began
  uint64_t release = 0;  // position of the activation, of what is released
};

class Promise {
 public:
  void OnAppended(const std::string& log_id, const cache::Record& record, Micros now);
  void OnComplete(const std::string& log_id, cache::Seq seq, Micros now);
  // A client that began to ask at `begun` has got these bytes.
  void OnServed(const std::string& by, const Resource& resource, Micros begun, const Bytes& bytes,
                bool fresh);

  uint64_t served() const { return served_; }
  uint64_t completed() const { return completed_; }
  // The first time the promise was broken; empty: it was kept.
  const std::string& broken() const { return broken_; }

 private:
  struct Promised {
    std::string log_id;
    cache::Record record;
    Micros appended{0};
    Micros complete{0};  // 0: not yet
  };
  static bool Names(const Promised& promised, const Resource& resource);
  static bool IsBroken(const Promised& promised, const Resource& resource, const Bytes& bytes,
                       bool fresh);

  std::vector<Promised> promised_;
  uint64_t served_ = 0;
  uint64_t completed_ = 0;
  std::string broken_;
};

}  // namespace skerry::simulation
