// A stream whose answer gets a Cache-Tag line more: what the gateway answers for a site
// carries the site's tags too, so that an activation purges it when a release takes its
// path over.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/http/server/server.h"

namespace skerry::shield {

// Owner: the visit. Everything but Respond is the stream's own.
class TaggedStream : public http::ServerStream {
 public:
  TaggedStream(std::shared_ptr<http::ServerStream> stream, std::string tags)
      : stream_(std::move(stream)), tags_(std::move(tags)) {}

  void Respond(http::Response response) override {
    response.own.Add("cache-tag", tags_);
    stream_->Respond(std::move(response));
  }

  const http::RequestHead& request() const override { return stream_->request(); }
  bool end_of_body() const override { return stream_->end_of_body(); }
  http::Protocol protocol() const override { return stream_->protocol(); }
  const net::Address& peer() const override { return stream_->peer(); }
  const std::string& tls() const override { return stream_->tls(); }
  SteadyTime begun() const override { return stream_->begun(); }
  void SendInterim(const http::ResponseHead& head) override { stream_->SendInterim(head); }
  void ConsumedBody(size_t count) override { stream_->ConsumedBody(count); }
  void Reset() override { stream_->Reset(); }
  uint64_t bytes_sent() const override { return stream_->bytes_sent(); }

 private:
  const std::shared_ptr<http::ServerStream> stream_;
  const std::string tags_;
};

}  // namespace skerry::shield
