#include "core/gateway/tunnel.h"

#include <utility>

#include "core/gateway/digest_field.h"

namespace skerry::gateway {
namespace {

// Of the origin's bytes that wait for the client.
constexpr size_t kMostWaiting = 64 * 1024;

}  // namespace

Tunnel::Tunnel(net::Loop& loop, Events events) : loop_(loop), events_(std::move(events)) {}

void Tunnel::Open(http::Upstream& upstream, http::RequestHead head) {
  auto body = std::make_unique<http::BodyPipe>(std::nullopt);
  to_origin_ = body->feed();
  to_origin_->on_consumed = [weak = weak_from_this()](size_t count) {
    const auto self = weak.lock();
    if (self != nullptr && self->events_.on_consumed) self->events_.on_consumed(count);
  };
  fetch_ = upstream.Start(std::move(head), std::move(body), this);
}

void Tunnel::FromClient(std::string_view bytes) {
  if (to_origin_ != nullptr) to_origin_->Push(bytes);
}

// Its fetch may be in the middle of an event, so it is let go behind it.
void Tunnel::Close() {
  events_ = {};
  loop_.Post([self = shared_from_this()] { self->fetch_.reset(); });
}

void Tunnel::OnInterim(http::ResponseHead head) {
  if (events_.on_interim) events_.on_interim(head);
}

void Tunnel::OnHead(http::ResponseHead head) {
  auto body = std::make_unique<http::BodyPipe>(head.status == 101 ? std::nullopt
                                                                  : ContentLength(head.fields));
  to_client_ = body->feed();
  to_client_->on_consumed = [weak = weak_from_this()](size_t) {
    const auto self = weak.lock();
    if (self != nullptr && self->fetch_ != nullptr &&
        self->to_client_->buffered() <= kMostWaiting / 2) {
      self->fetch_->Resume();
    }
  };
  if (events_.on_answer) events_.on_answer(std::move(head), std::move(body));
}

void Tunnel::OnBody(std::string_view bytes) {
  to_client_->Push(bytes);
  if (to_client_->buffered() > kMostWaiting && fetch_ != nullptr) fetch_->Pause();
}

void Tunnel::OnEnd(http::Fields trailers) { to_client_->End(std::move(trailers)); }

void Tunnel::OnFailed(Error error) {
  if (to_client_ != nullptr) return to_client_->Fail();
  if (events_.on_failed) events_.on_failed(error);
}

}  // namespace skerry::gateway
