// Requests to a shield, over libcurl.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace skerry::pipeline {

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  std::string body = {};
  std::filesystem::path file = {};  // sent instead of `body` when not empty
  ByteCount file_size = 0;
  std::string content_type = "application/json";
  std::vector<std::string> headers = {};       // more lines: "Accept-Encoding: br"
  std::chrono::milliseconds patience{60'000};  // without a byte in either direction
};

struct HttpResponse {
  int status = 0;
  std::string body = {};
  int retry_after = 0;  // seconds, 0 when not said
};

// Speaks HTTP/1.1, and HTTP/2 where TLS negotiates it; keeps connections. Never follows
// redirects and never repeats a request by itself: the caller decides that.
// Thread: any; a call blocks its thread.
class HttpClient {
 public:
  // `token` is sent as a bearer token unless it is empty; `ca_file` is trusted instead of the
  // system's authorities when not empty.
  HttpClient(std::string token, std::string ca_file);
  ~HttpClient();

  // kRefused when no connection could be made, kTimeout, kReset when it broke, kDenied when the
  // server's certificate is not trusted, kIo when `file` cannot be read.
  Result<HttpResponse> Send(const HttpRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::pipeline
