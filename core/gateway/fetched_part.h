// What of a fill's body is held nowhere any more, from a fetch of its own (FetchPart).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/cache/fill/fill.h"
#include "core/gateway/body.h"
#include "core/net/loop.h"

namespace skerry::gateway {

// A part that was fetched anew, at the places of the whole. What is another representation, or
// longer or shorter than was announced, fails. Owner: the body that reads it. Thread: its loop's.
class FetchedPart {
 public:
  FetchedPart(std::shared_ptr<const cache::Answer> whole, std::shared_ptr<cache::Fill> fill,
              BodyPart part, net::Loop& loop, std::function<void()> wake);

  // `position` is one of the whole body.
  cache::Fill::Got ReadAt(uint64_t position);
  void Advance(uint64_t position) { fill_->Advance(*seat_, position - part_.from); }
  void SetWake(std::function<void()> wake) { seat_->SetWake(std::move(wake)); }

 private:
  // Where it ends; 0 for an answer that is not this part of the same representation.
  uint64_t EndOf(const cache::Answer* got) const;

  const std::shared_ptr<const cache::Answer> whole_;
  const std::shared_ptr<cache::Fill> fill_;
  const std::shared_ptr<cache::Fill::Seat> seat_;
  const BodyPart part_;
  std::optional<uint64_t> end_;
};

}  // namespace skerry::gateway
