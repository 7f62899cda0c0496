// The client's side of an HTTP/1.1 connection: one exchange after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/http/upstream/client_session.h"
#include "core/http/upstream/exchange.h"
#include "core/http/upstream/h1_response_parser.h"

namespace skerry::http {

class H1ClientSession : public ClientSession, private H1ResponseParser::Events {
 public:
  explicit H1ClientSession(const Context& context);

  void Begin(std::shared_ptr<Exchange> exchange) override;
  void Drop(Exchange& exchange, Dropped why) override;
  void PauseChanged(Exchange& exchange) override;
  void Abandon() override;
  size_t capacity() const override { return exchange_ == nullptr && !closed_ ? 1 : 0; }
  size_t active() const override { return exchange_ == nullptr ? 0 : 1; }
  std::optional<Seconds> kept_for() const override { return parser_.kept_for(); }

  void OnBytes(std::string_view bytes) override;
  void OnWritable() override;
  void OnEnd() override;
  void OnFailed(const Error& error) override;

 private:
  void OnInterim(ResponseHead head) override;
  void OnHead(ResponseHead head) override;
  void OnBody(std::string_view bytes) override;

  void OpenTunnel();
  void AttachBody(BodySource& body);
  void Write(std::string_view bytes);
  void WriteHead();
  void PumpBody();
  bool WritePiece(Exchange& exchange, const BodySource::Piece& piece);
  void WriteEnd(Exchange& exchange, const Fields* trailers);
  void BodyFailed(Exchange& exchange);

  void Process(std::string_view bytes);
  void Hold();
  void Continue();
  void Ended();
  void Finish(bool reusable);
  void Lose(Error error);
  void Done(bool in_order);

  Context context_;
  H1ResponseParser parser_;
  std::shared_ptr<Exchange> exchange_;
  bool used_ = false;
  bool closed_ = false;

  // The request under way.
  std::optional<uint64_t> length_;  // what Content-Length said
  uint64_t written_ = 0;
  bool chunked_ = false;
  bool sent_ = false;
  bool tunnel_ = false;  // 101 has come
  bool pumping_ = false;
  std::string unwritten_;  // what the transport could not take yet

  // What waits for a paused reader.
  std::string held_;
  bool held_end_ = false;
  std::optional<Error> held_failure_;
  bool continuing_ = false;  // a task to go on is posted
};

}  // namespace skerry::http
