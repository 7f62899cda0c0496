// Heads that came before. Browsers send the same fields with most of their requests;
// what a thread has read and checked once it knows again by its bytes.
//
// Thread: each has its own, made at its first use. Bounded: kSlots heads of at most
// kMostBytes; a head gets a slot the second time it comes, so that what comes once
// pushes nobody out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/server/server.h"

namespace skerry::http {

// The fields of a request head without :path, as they came.
//
// block := *( name-size u32 | value-size u32 | name | value )
class HeadBlock {
 public:
  void Clear() { used_ = 0; }
  void Add(std::string_view name, std::string_view value);
  std::string_view bytes() const { return {room_.data(), used_}; }
  // Method, scheme, authority and fields of `head`.
  void AddTo(RequestHead& head) const;

 private:
  std::vector<char> room_;
  size_t used_ = 0;
};

class HeadMemo {
 public:
  static constexpr size_t kSlots = 1024;
  static constexpr size_t kMostBytes = 2048;

  static HeadMemo& OfThread();

  // The head that such a block has been remembered as; null if it has not.
  const LocalPtr<SharedHead>& Find(std::string_view block);
  // Remembers it, if the last Find was for this block and not the first that missed it.
  // `head` has been checked; its path is not looked at.
  void Put(std::string_view block, const RequestHead& head);

 private:
  struct Slot {
    std::string block;
    LocalPtr<SharedHead> head;
    uint64_t missed = 0;  // the hash of the last block that was not found here
    bool again = false;   // it was missed twice in a row
  };

  std::array<Slot, kSlots> slots_;
};

}  // namespace skerry::http
