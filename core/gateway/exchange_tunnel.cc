// The way of a WebSocket: classify, then straight to the origin (tunnel.h).
#include <utility>

#include "core/gateway/exchange.h"
#include "core/gateway/gateway.h"
#include "core/gateway/rules/answer_fields.h"

namespace skerry::gateway {

Exchange::Next Exchange::OpenTunnel() {
  verdict_.detail = "websocket";
  tunnel_place_ = gateway_.EnterTunnel();
  if (tunnel_place_ == nullptr) {
    verdict_.generated = true;
    SendError(503, {Code::kLimit, Side::kSelf, true, "as many WebSockets as are allowed"});
    return Next::kDone;
  }
  const auto weak = weak_from_this();
  Tunnel::Events events;
  events.on_interim = [stream = stream_](const http::ResponseHead& head) {
    if (const auto open = stream.lock()) open->SendInterim(head);
  };
  events.on_answer = [weak](http::ResponseHead head, std::unique_ptr<http::BodySource> body) {
    if (const auto self = weak.lock()) self->OnTunnelAnswer(std::move(head), std::move(body));
  };
  events.on_failed = [weak](const Error& error) {
    if (const auto self = weak.lock()) self->SendError(StatusOf(error), error);
  };
  events.on_consumed = [stream = stream_](size_t count) {
    if (const auto open = stream.lock()) open->ConsumedBody(count);
  };
  tunnel_ = std::make_shared<Tunnel>(gateway_.loop(), std::move(events));
  http::RequestHead head = ForwardAlone(request_, peer_, *route_, from_edge_.dimensions);
  StripTierFields(head.fields);
  if (gateway_.upstream_is_shield(route_->upstream)) {
    const Shared& shared = gateway_.shared();
    AddTierFields(head.fields, shared.tier, target_.scheme, shared.generations->applied_at());
  }
  tunnel_->Open(*gateway_.upstream(route_->upstream), std::move(head));
  return Next::kWait;
}

void Exchange::OnTunnelAnswer(http::ResponseHead head, std::unique_ptr<http::BodySource> body) {
  gateway_.counters().Origin(head.status);
  if (gateway_.upstream_is_shield(route_->upstream) && IsRefused(head)) {
    return SendError(502, RefusedByShield(*gateway_.shared().clock));
  }
  verdict_.fwd_status = head.status;
  http::Response response;
  response.status = head.status;
  response.stored = WithoutReplaced(
      route_->answer, std::make_shared<const http::Fields>(cache::ClientFields(
                          head.fields, route_->policy, from_edge_.trusted, head.status)));
  response.own.Add("cache-status", CacheStatus());
  response.own.Add("via", "1.1 " + gateway_.shared().name);
  AddAnswerFields(route_->answer, *response.stored, request_.scheme == "https", response.own);
  response.body = std::move(body);
  Respond(std::move(response));
}

}  // namespace skerry::gateway
