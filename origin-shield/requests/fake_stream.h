// A request as a session would hand it over, and what was answered to it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/http/server/server.h"

namespace skerry::shield {

class FakeStream : public http::ServerStream {
 public:
  explicit FakeStream(http::RequestHead request, bool end_of_body = true)
      : request_(std::move(request)), end_of_body_(end_of_body) {}

  const http::RequestHead& request() const override { return request_; }
  bool end_of_body() const override { return end_of_body_; }
  http::Protocol protocol() const override { return http::Protocol::kHttp2; }
  const net::Address& peer() const override { return peer_; }
  const std::string& tls() const override { return tls_; }
  SteadyTime begun() const override { return {}; }
  void SendInterim(const http::ResponseHead&) override {}
  void Respond(http::Response response) override {
    ++answers_;
    response_ = std::move(response);
  }
  void ConsumedBody(size_t count) override { consumed_ += count; }
  void Reset() override { reset_ = true; }
  uint64_t bytes_sent() const override { return 0; }

  int answers() const { return answers_; }
  int status() const { return answers_ == 0 ? 0 : response_.status; }
  std::string field(std::string_view name) const {
    return response_.own.Combined(name).value_or("-");
  }
  size_t consumed() const { return consumed_; }
  http::BodySource* body() { return response_.body.get(); }
  // What the body has to give without waiting.
  std::string ReadBody() {
    std::string all;
    while (response_.body != nullptr) {
      const auto piece = response_.body->Peek(64 * 1024);
      if (piece.state != http::BodySource::State::kData) break;
      all += piece.bytes;
      response_.body->Consume(piece.bytes.size());
    }
    return all;
  }

 private:
  const http::RequestHead request_;
  const bool end_of_body_;
  const net::Address peer_{"127.0.0.1", 4000};
  const std::string tls_;
  int answers_ = 0;
  http::Response response_;
  size_t consumed_ = 0;
  bool reset_ = false;
};

}  // namespace skerry::shield
