// A page in place of an answer (substitute.h): the walk from classify to write again, for another
// path.
#include <utility>

#include "core/gateway/exchange.h"
#include "core/gateway/gateway.h"

namespace skerry::gateway {

bool Exchange::AskForPage(int status, std::optional<Error> error) {
  if (replaced_ != nullptr || page_failed_ || route_->substitutes.empty()) return false;
  const std::optional<Substitute> page = SubstituteFor(route_->substitutes, request_, status);
  if (!page) return false;
  http::RequestHead asked = RequestForPage(request_, *page);
  replaced_ = std::make_unique<Replaced>(Replaced{
      status, *page, std::move(error), std::move(request_), std::move(target_), std::move(route_),
      std::move(lookup_), std::move(fill_), std::move(seat_), as_it_came_, std::move(verdict_)});
  request_ = std::move(asked);
  lookup_ = Lookup{};
  verdict_ = Verdict{};
  fill_.reset();
  seat_.reset();
  rows_.clear();
  own_key_.reset();
  looked_ = initiator_ = alone_ = as_it_came_ = alias_tried_ = false;
  rounds_ = 0;
  RunFrom("classify");
  return true;
}

void Exchange::SendReplaced() {
  const std::unique_ptr<Replaced> replaced = std::move(replaced_);
  page_failed_ = true;
  request_ = std::move(replaced->request);
  target_ = std::move(replaced->target);
  route_ = std::move(replaced->route);
  lookup_ = std::move(replaced->lookup);
  fill_ = std::move(replaced->fill);
  seat_ = std::move(replaced->seat);
  as_it_came_ = replaced->as_it_came;
  verdict_ = std::move(replaced->verdict);
  if (replaced->error) return SendError(replaced->status, *replaced->error);
  Send();
}

}  // namespace skerry::gateway
