#include "core/http/prepared_head.h"

#include <utility>

#include "core/http/h2_lines.h"

namespace skerry::http {

PreparedHead::PreparedHead(int status, std::shared_ptr<const Fields> stored, Fields own,
                           std::optional<uint64_t> length)
    : status_(status),
      stored_(std::move(stored)),
      own_(std::move(own)),
      event_stream_(IsEventStream({stored_.get(), &own_})),
      h2_lines_(std::make_unique<H2Lines>()) {
  h2_lines_->status.Set(static_cast<uint64_t>(status));
  std::vector<nghttp2_nv>& lines = h2_lines_->lines;
  lines.push_back(Reference(":status", h2_lines_->status.view()));
  std::optional<std::string_view> declared = AddLines(lists(), lines);
  if (!declared && length && status != 204 && status != 304) {
    h2_lines_->length.Set(*length);
    declared = h2_lines_->length.view();
    lines.push_back(Reference("content-length", *declared));
  }
  if (declared) length_ = ParseDecimal(*declared);
}

PreparedHead::~PreparedHead() = default;

}  // namespace skerry::http
