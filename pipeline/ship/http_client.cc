#include "pipeline/ship/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/base/thread.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kLargestAnswer = 64 << 20;

struct CurlEnd {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using CurlPtr = std::unique_ptr<CURL, CurlEnd>;
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using ListPtr = std::unique_ptr<curl_slist, ListEnd>;
struct FileEnd {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, FileEnd>;

size_t Receive(char* data, size_t size, size_t count, void* to) {
  auto* body = static_cast<std::string*>(to);
  if (body->size() + size * count > kLargestAnswer) return 0;
  body->append(data, size * count);
  return size * count;
}

size_t ReadSome(char* data, size_t size, size_t count, void* from) {
  return std::fread(data, size, count, static_cast<std::FILE*>(from));
}

Code CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return Code::kRefused;
    case CURLE_OPERATION_TIMEDOUT: return Code::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return Code::kDenied;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return Code::kInvalid;
    default: return Code::kReset;
  }
}

void AddHeader(ListPtr& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  SKERRY_CHECK(longer != nullptr);
  (void)list.release();
  list.reset(longer);
}

}  // namespace

struct HttpClient::State {
  std::string token;
  std::string ca_file;
  Mutex mutex;
  std::vector<CurlPtr> idle SKERRY_GUARDED_BY(mutex);  // with their open connections

  CurlPtr Take() {
    MutexLock lock(mutex);
    if (idle.empty()) return CurlPtr(curl_easy_init());
    CurlPtr curl = std::move(idle.back());
    idle.pop_back();
    curl_easy_reset(curl.get());
    return curl;
  }
  void GiveBack(CurlPtr curl) {
    MutexLock lock(mutex);
    idle.push_back(std::move(curl));
  }

  void SetUp(CURL* curl, const HttpRequest& request) const {
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(std::max<int64_t>(1, request.patience.count() / 1000)));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Receive);
    if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  }
};

HttpClient::HttpClient(std::string token, std::string ca_file) : state_(std::make_unique<State>()) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  state_->token = std::move(token);
  state_->ca_file = std::move(ca_file);
}

HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  CurlPtr curl = state_->Take();
  SKERRY_CHECK(curl != nullptr);
  state_->SetUp(curl.get(), request);
  ListPtr headers;
  if (request.method != "GET") AddHeader(headers, "Content-Type: " + request.content_type);
  if (!state_->token.empty()) AddHeader(headers, "Authorization: Bearer " + state_->token);
  for (const std::string& line : request.headers) AddHeader(headers, line);
  AddHeader(headers, "Expect:");  // the answer to a blob is decided by its name, not its bytes
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  FilePtr file;
  if (!request.file.empty()) {
    file.reset(std::fopen(request.file.c_str(), "rbe"));
    if (file == nullptr) {
      return Fail(Code::kIo, Side::kStorage,
                  "cannot read " + request.file.string() + ": " + std::strerror(errno));
    }
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, &ReadSome);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, file.get());
    curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request.file_size));
  } else if (request.method != "GET") {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  HttpResponse response;
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, words);
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &retry_after);
  response.status = static_cast<int>(status);
  response.retry_after = static_cast<int>(std::clamp<curl_off_t>(retry_after, 0, 3600));
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, nullptr);
  state_->GiveBack(std::move(curl));
  // A refusal may come before the body is sent, on a connection that then closes.
  const bool answered = status >= 400 && (code == CURLE_SEND_ERROR || code == CURLE_OK);
  if (code == CURLE_OK || answered) return response;
  const Code kind = CodeOf(code);
  const bool again = kind != Code::kDenied && kind != Code::kInvalid;
  return tl::unexpected(
      Error{kind, Side::kUpstream, again, words[0] != '\0' ? words : curl_easy_strerror(code)});
}

}  // namespace skerry::pipeline
