// The head of an answer that is sent again and again: what both protocols need of it is
// worked out once.
//
// Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/local_ptr.h"
#include "core/http/message.h"

namespace skerry::http {

class PreparedHead : public LocalCounted {
 public:
  // The fields are `stored`, which is shared and may be null, then `own`. `length`: of the
  // whole body, null if there is none; a Content-Length that the fields have goes before.
  PreparedHead(int status, std::shared_ptr<const Fields> stored, Fields own,
               std::optional<uint64_t> length);
  ~PreparedHead();
  PreparedHead(const PreparedHead&) = delete;
  PreparedHead& operator=(const PreparedHead&) = delete;

  int status() const { return status_; }
  // In the order they are sent; the first may be null.
  std::array<const Fields*, 2> lists() const { return {stored_.get(), &own_}; }
  // What Content-Length says. Null: it says nothing, or nothing that can be.
  std::optional<uint64_t> length() const { return length_; }
  bool event_stream() const { return event_stream_; }

  // ---- For sessions
  struct H2Lines;
  const H2Lines& h2_lines() const { return *h2_lines_; }

 private:
  const int status_;
  const std::shared_ptr<const Fields> stored_;
  const Fields own_;
  const bool event_stream_;
  std::optional<uint64_t> length_;
  std::unique_ptr<H2Lines> h2_lines_;
};

}  // namespace skerry::http
