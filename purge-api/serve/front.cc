#include "purge-api/serve/front.h"

#include <optional>
#include <utility>

namespace skerry::purge {
namespace {

class Conversation : public http::StreamEvents, public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Service& service, std::shared_ptr<http::ServerStream> stream)
      : service_(service), stream_(std::move(stream)) {}

  void OnBody(std::string_view bytes) override {
    body_.append(bytes);
    stream_->ConsumedBody(bytes.size());
  }
  void OnBodyEnd(http::Fields) override { Handle(); }
  void OnGone(bool) override {
    stream_.reset();
    if (call_) service_.Cancel(*call_);
    call_.reset();
  }

  void Handle() {
    const http::RequestHead& head = stream_->request();
    const size_t question = head.path.find('?');
    Request request;
    request.method = head.method;
    request.path = head.path.substr(0, question);
    if (question != head.path.npos) request.query = head.path.substr(question + 1);
    request.fields = head.fields;
    request.body = std::move(body_);
    const uint64_t call =
        service_.Handle(std::move(request), [weak = weak_from_this()](Answer answer) {
          const auto self = weak.lock();
          if (self == nullptr) return;
          self->call_.reset();
          self->Respond(std::move(answer));
        });
    if (!answered_) call_ = call;
  }

 private:
  void Respond(Answer answer) {
    answered_ = true;
    if (stream_ == nullptr) return;
    http::Response response;
    response.status = answer.status;
    response.own = std::move(answer.fields);
    if (!answer.body.empty()) {
      response.own.Add("content-type", answer.type);
      response.own.Add("x-content-type-options", "nosniff");
      response.body = std::make_unique<http::MemoryBody>(std::move(answer.body));
    }
    stream_->Respond(std::move(response));
  }

  Service& service_;
  std::shared_ptr<http::ServerStream> stream_;
  std::string body_;
  std::optional<uint64_t> call_;
  bool answered_ = false;
};

}  // namespace

std::shared_ptr<http::StreamEvents> Accept(Service& service,
                                           std::shared_ptr<http::ServerStream> stream) {
  const bool whole = stream->end_of_body();
  auto conversation = std::make_shared<Conversation>(service, std::move(stream));
  if (whole) conversation->Handle();
  return conversation;
}

}  // namespace skerry::purge
