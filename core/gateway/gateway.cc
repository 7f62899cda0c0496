#include "core/gateway/gateway.h"

#include <utility>

#include "core/gateway/exchange.h"
#include "core/gateway/origin.h"
#include "core/gateway/quick_hit.h"

namespace skerry::gateway {

Gateway::Gateway(net::Loop& loop, Shared& shared, Options options)
    : loop_(loop),
      shared_(shared),
      options_(std::move(options)),
      counters_(*shared.metrics),
      quick_hits_(std::make_unique<QuickHits>(*this)) {}

Gateway::~Gateway() = default;

std::shared_ptr<http::StreamEvents> Gateway::OnRequest(
    const std::shared_ptr<http::ServerStream>& stream) {
  if (auto answered = quick_hits_->Answer(*stream)) return answered;
  auto exchange = std::make_shared<Exchange>(*this, stream);
  exchange->Begin();
  return exchange;
}

void Gateway::SetClassifier(std::shared_ptr<const Classifier> classifier) {
  options_.classifier = std::move(classifier);
  quick_hits_->ConfigurationChanged();
}

void Gateway::AddUpstream(std::unique_ptr<http::Upstream> upstream, bool is_shield) {
  options_.upstreams.push_back(std::move(upstream));
  options_.upstream_is_shield.resize(options_.upstreams.size(), false);
  options_.upstream_is_shield.back() = is_shield;
  quick_hits_->ConfigurationChanged();
}

http::Upstream* Gateway::upstream(size_t index) {
  return index < options_.upstreams.size() ? options_.upstreams[index].get() : nullptr;
}

bool Gateway::upstream_is_shield(size_t index) const {
  return index < options_.upstream_is_shield.size() && options_.upstream_is_shield[index];
}

std::shared_ptr<void> Gateway::EnterTunnel() {
  if (*tunnels_ >= options_.most_tunnels) return nullptr;
  ++*tunnels_;
  counters_.tunnels.Add(1);
  return {this, [tunnels = tunnels_, &gauge = counters_.tunnels](void*) {
            --*tunnels;
            gauge.Add(-1);
          }};
}

void Gateway::Keep(std::shared_ptr<Retrieval> retrieval) {
  retrievals_.insert(std::move(retrieval));
}

void Gateway::Release(const std::shared_ptr<Retrieval>& retrieval) { retrievals_.erase(retrieval); }

}  // namespace skerry::gateway
