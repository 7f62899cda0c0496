#include "origin-shield/requests/upload_answer.h"

#include <utility>

#include "core/http/body.h"
#include "core/http/date.h"

namespace skerry::shield {

Said Said::Problem(const http::Problem& problem) {
  return {problem.status, problem.ToJson(), http::kProblemType, {}};
}

void UploadAnswer::Send(Said said) {
  if (sent_ || stream_ == nullptr) return;
  sent_ = true;
  http::Response response;
  response.status = said.status;
  response.own = std::move(said.fields);
  response.own.Add("date", http::FormatDate(Clock::Real().Wall()));
  response.own.Add("content-type", said.type);
  response.own.Add("cache-control", "no-store");
  response.body = std::make_unique<http::MemoryBody>(std::move(said.body));
  stream_->Respond(std::move(response));
}

void UploadAnswer::Send(std::unique_ptr<http::BodySource> blob) {
  if (sent_ || stream_ == nullptr) return;
  sent_ = true;
  http::Response response;
  response.status = 200;
  response.own.Add("date", http::FormatDate(Clock::Real().Wall()));
  response.own.Add("content-type", "application/octet-stream");
  response.own.Add("cache-control", "no-store");
  response.body = std::move(blob);
  stream_->Respond(std::move(response));
}

void UploadAnswer::Consumed(size_t count) {
  if (stream_ != nullptr) stream_->ConsumedBody(count);
}

}  // namespace skerry::shield
