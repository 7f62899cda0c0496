#include "core/gateway/fetched_part.h"

#include <utility>

#include "core/http/range.h"

namespace skerry::gateway {

FetchedPart::FetchedPart(std::shared_ptr<const cache::Answer> whole,
                         std::shared_ptr<cache::Fill> fill, BodyPart part, net::Loop& loop,
                         std::function<void()> wake)
    : whole_(std::move(whole)),
      fill_(std::move(fill)),
      seat_(fill_->Sit(loop, std::move(wake))),
      part_(part) {}

cache::Fill::Got FetchedPart::ReadAt(uint64_t position) {
  using Read = cache::Fill::Read;
  if (fill_->phase() == cache::Fill::Phase::kAsking) return {Read::kWait, {}, false};
  if (!end_) end_ = EndOf(fill_->answer().get());
  if (*end_ == 0) return {Read::kFailed, {}, false};
  cache::Fill::Got got = fill_->ReadAt(position - part_.from);
  const uint64_t until = position + got.bytes.size();
  const bool ends = got.last || got.read == Read::kEnd;
  // More or less than was announced would be no body of this length.
  if (until > *end_ || (ends && until != *end_)) return {Read::kFailed, {}, false};
  return got;
}

uint64_t FetchedPart::EndOf(const cache::Answer* got) const {
  if (got == nullptr || got->head.status != 206) return 0;
  const auto text = got->head.fields->Find("content-range");
  const auto content = text ? http::ParseContentRange(*text) : std::nullopt;
  if (!content || !content->range || content->range->first != part_.from) return 0;
  if (got->head.etag() != whole_->head.etag()) return 0;
  if (got->head.fields->Find("content-encoding") != whole_->head.fields->Find("content-encoding")) {
    return 0;
  }
  const uint64_t end = content->range->last + 1;
  if (part_.count) return end == part_.from + *part_.count ? end : 0;
  const std::optional<uint64_t> size = content->size ? content->size : whole_->length;
  return size == end && whole_->length.value_or(end) == end ? end : 0;
}

}  // namespace skerry::gateway
