// The answer to one request of the upload API. Private to upload.cc and
// blob_upload.cc.
#pragma once

#include <memory>
#include <string>

#include "core/http/body.h"
#include "core/http/problem.h"
#include "core/http/server/server.h"

namespace skerry::shield {

// An answer as a value, so that the pool can make it.
struct Said {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  http::Fields fields = {};

  static Said Problem(const http::Problem& problem);
};

// Sends at most once, and nothing once the stream is gone. Thread: the stream's loop.
class UploadAnswer {
 public:
  explicit UploadAnswer(std::shared_ptr<http::ServerStream> stream) : stream_(std::move(stream)) {}

  void Send(Said said);
  void Send(const http::Problem& problem) { Send(Said::Problem(problem)); }
  // Bytes as they are stored.
  void Send(std::unique_ptr<http::BodySource> blob);
  // The body's window may open again by this much.
  void Consumed(size_t count);
  void Gone() { stream_.reset(); }
  bool sent() const { return sent_; }

 private:
  std::shared_ptr<http::ServerStream> stream_;  // until Gone
  bool sent_ = false;
};

}  // namespace skerry::shield
