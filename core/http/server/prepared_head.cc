#include "core/http/server/prepared_head.h"

#include <utility>

#include "core/http/server/h2_lines.h"

namespace skerry::http {

PreparedHead::PreparedHead(int status, std::shared_ptr<const Fields> stored, Fields own,
                           std::optional<uint64_t> length)
    : status_(status),
      stored_(std::move(stored)),
      own_(std::move(own)),
      event_stream_(IsEventStream({stored_.get(), &own_})),
      h2_lines_(std::make_unique<H2Lines>()) {
  H2Lines& h2 = *h2_lines_;
  h2.status.Set(static_cast<uint64_t>(status));
  h2.status_line = StatusLine(status, h2.status);
  for (const Fields* list : lists()) {
    if (list == nullptr) continue;
    for (const Field& field : *list) h2.rest.Add(field.name, field.value);
  }
  std::optional<std::string_view> declared = DeclaredLength(lists());
  Decimal digits;
  if (!declared && length && status != 204 && status != 304) {
    digits.Set(*length);
    declared = digits.view();
    h2.rest.Add("content-length", *declared);
  }
  h2.rest.End();
  if (declared) length_ = ParseDecimal(*declared);
}

PreparedHead::~PreparedHead() = default;

}  // namespace skerry::http
