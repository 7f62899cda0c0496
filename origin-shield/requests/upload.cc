#include "origin-shield/requests/upload.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/config/kind.h"
#include "core/daemon/tokens.h"
#include "origin-shield/requests/blob_download.h"
#include "origin-shield/requests/blob_upload.h"
#include "origin-shield/requests/upload_answer.h"

namespace skerry::shield {
namespace {

using Json = nlohmann::ordered_json;
using Kind = UploadRoute::Kind;

constexpr Millis kLongestWait = std::chrono::minutes(5);
constexpr size_t kLargestActivateBody = 4096;
// More than these are counted, not named.
constexpr size_t kMostNamed = 10'000;

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // "/"
    const size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

Json HexList(const std::vector<Sha256Digest>& digests) {
  Json list = Json::array();
  for (size_t i = 0; i < digests.size() && i < kMostNamed; ++i) list.push_back(digests[i].Hex());
  return list;
}

std::string RegisteredJson(const Registered& registered) {
  Json json;
  json["release"] = registered.release;
  // All of them: this is what the pusher sends next.
  json["missing"] = Json::array();
  for (const Sha256Digest& digest : registered.missing) json["missing"].push_back(digest.Hex());
  return json.dump();
}

std::string ListJson(const std::string& site, const std::vector<ReleaseInfo>& releases) {
  Json json;
  json["site"] = site;
  json["active"] = nullptr;
  json["releases"] = Json::array();
  for (const ReleaseInfo& info : releases) {
    if (info.active) json["active"] = info.release;
    Json release;
    release["release"] = info.release;
    release["active"] = info.active;
    release["complete"] = info.complete;
    release["files"] = info.files;
    release["missing"] = info.missing;
    release["created"] = ToRfc3339(info.created);
    release["activated"] = info.activated ? Json(ToRfc3339(*info.activated)) : Json(nullptr);
    json["releases"].push_back(std::move(release));
  }
  return json.dump();
}

// The requests with small bodies: everything but PUT of a blob.
class SmallUpload : public http::StreamEvents, public std::enable_shared_from_this<SmallUpload> {
 public:
  SmallUpload(const Uploads& uploads, net::Loop& loop, UploadRoute route,
              std::shared_ptr<http::ServerStream> stream, ByteCount largest)
      : uploads_(uploads),
        loop_(loop),
        route_(std::move(route)),
        answer_(stream),
        method_(stream->request().method),
        largest_(largest) {}

  // The body has ended, or there is none.
  void Act() {
    if (route_.kind == Kind::kActivate) return Activate();
    if (route_.kind == Kind::kRelease) return Show();
    if (method_ == "GET") return List();
    Register();
  }

  void OnBody(std::string_view bytes) override {
    answer_.Consumed(bytes.size());
    if (body_.size() + bytes.size() > largest_) {
      body_.clear();
      largest_ = 0;  // and whatever else comes
      return answer_.Send({.status = 413, .detail = "the body has more bytes than are taken here"});
    }
    body_.append(bytes);
  }
  void OnBodyEnd(http::Fields) override {
    if (!answer_.sent()) Act();
  }
  void OnGone(bool) override { answer_.Gone(); }

 private:
  void Register() {
    OnPool([releases = uploads_.releases, site = route_.site, body = std::move(body_)] {
      const auto registered = releases->Register(site, body);
      return registered ? Said{201, RegisteredJson(*registered)}
                        : Said::Problem(ProblemOf(registered.error()));
    });
  }

  void List() {
    OnPool([releases = uploads_.releases, site = route_.site] {
      const auto list = releases->List(site);
      return list ? Said{200, ListJson(site, *list)} : Said::Problem(ProblemOf(list.error()));
    });
  }

  void Show() {
    OnPool([releases = uploads_.releases, site = route_.site, id = route_.release] {
      const auto release = releases->Get(site, id);
      return release ? Said{200, (*release)->manifest().ToJson()}
                     : Said::Problem(ProblemOf(release.error()));
    });
  }

  void Activate() {
    const Result<Millis> wait = ParseActivateBody(body_);
    if (!wait) return answer_.Send(ProblemOf(wait.error()));
    uploads_.activator->Activate(route_.site, route_.release, *wait, loop_,
                                 [weak = weak_from_this()](Activated activated) {
                                   if (const auto self = weak.lock()) self->OnActivated(activated);
                                 });
  }

  void OnActivated(const Activated& activated) {
    if (!activated.error) {
      const Receipt& receipt = activated.receipt;
      return answer_.Send(Said{receipt.complete ? 200 : 202, receipt.ToJson()});
    }
    const http::Problem problem = ProblemOf(*activated.error);
    if (activated.missing.empty()) return answer_.Send(problem);
    Json json = Json::parse(problem.ToJson());
    json["missing"] = HexList(activated.missing);
    Said said{problem.status, json.dump()};
    said.type = http::kProblemType;
    answer_.Send(std::move(said));
  }

  void OnPool(std::function<Said()> work) {
    uploads_.pool->Run([weak = weak_from_this(), &loop = loop_, work = std::move(work)] {
      loop.Post([weak, said = work()] {
        if (const auto self = weak.lock()) self->answer_.Send(said);
      });
    });
  }

  const Uploads& uploads_;
  net::Loop& loop_;
  const UploadRoute route_;
  UploadAnswer answer_;
  const std::string method_;
  ByteCount largest_;
  std::string body_;
};

// What is wrong before the body is looked at.
std::optional<http::Problem> Refusal(const Uploads& uploads, const UploadRoute& route,
                                     const http::RequestHead& request) {
  switch (uploads.tokens->Check(request.fields)) {
    case daemon::Bearer::kKnown: break;
    case daemon::Bearer::kMissing:
      return http::Problem{.status = 401,
                           .detail =
                               "send Authorization: Bearer with a line of the shield's "
                               "--token_file"};
    case daemon::Bearer::kWrong:
      return http::Problem{.status = 403,
                           .detail =
                               "this bearer token is none of those in the shield's "
                               "--token_file"};
  }
  if (route.kind == Kind::kNone) {
    return http::Problem{.status = 404, .detail = "the upload API has nothing at this path"};
  }
  if (route.kind != Kind::kBlob) {
    if (Status named = CheckSiteName(route.site); !named) return ProblemOf(named.error());
  }
  if (route.kind == Kind::kBlob && !Sha256Digest::FromHex(route.blob)) {
    return http::Problem{.status = 400,
                         .detail = "a blob is named by its SHA-256: 64 lower-case hex digits"};
  }
  return std::nullopt;
}

// The methods of a route, as Allow lists them.
std::string_view Methods(Kind kind) {
  switch (kind) {
    case Kind::kReleases: return "GET, POST";
    case Kind::kRelease: return "GET";
    case Kind::kActivate: return "POST";
    case Kind::kBlob: return "GET, PUT";
    case Kind::kNone: break;
  }
  return "";
}

bool Allows(std::string_view methods, std::string_view method) {
  for (const std::string_view one : {"GET", "POST", "PUT"}) {
    if (one == method) return methods.find(one) != std::string_view::npos;
  }
  return false;
}

// Answers at once and lets the rest of the request pass by.
class Refused : public http::StreamEvents {
 public:
  explicit Refused(const std::shared_ptr<http::ServerStream>& stream) : answer_(stream) {}
  UploadAnswer& answer() { return answer_; }
  void OnBody(std::string_view bytes) override { answer_.Consumed(bytes.size()); }
  void OnBodyEnd(http::Fields) override {}
  void OnGone(bool) override { answer_.Gone(); }

 private:
  UploadAnswer answer_;
};

std::shared_ptr<http::StreamEvents> Refuse(const std::shared_ptr<http::ServerStream>& stream,
                                           Said said) {
  auto refused = std::make_shared<Refused>(stream);
  refused->answer().Send(std::move(said));
  return refused;
}

}  // namespace

std::optional<UploadRoute> ParseUploadRoute(std::string_view path_and_query) {
  const std::string_view path = path_and_query.substr(0, path_and_query.find('?'));
  if (!path.starts_with("/v1/sites/") && !path.starts_with("/v1/blobs/")) return std::nullopt;
  const std::vector<std::string_view> segments = Segments(path);
  UploadRoute route;
  if (segments[1] == "blobs" && segments.size() == 3) {
    route.kind = Kind::kBlob;
    route.blob = segments[2];
  } else if (segments[1] == "sites" && segments.size() >= 4 && segments[3] == "releases") {
    route.site = segments[2];
    if (segments.size() == 4) route.kind = Kind::kReleases;
    if (segments.size() == 5 && !segments[4].empty()) {
      route.kind = Kind::kRelease;
      route.release = segments[4];
    }
    if (segments.size() == 6 && segments[5] == "activate") {
      route.kind = Kind::kActivate;
      route.release = segments[4];
    }
  }
  return route;
}

Result<Millis> ParseActivateBody(std::string_view body) {
  if (body.empty()) return Millis(0);
  const auto wrong = [](std::string what) {
    return Fail(Code::kInvalid, Side::kClient, std::move(what));
  };
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return wrong("the body is no JSON object; expected {\"wait\":\"10s\"}");
  Millis wait(0);
  for (const auto& [name, value] : json.items()) {
    if (name != "wait") return wrong("unknown member \"" + name + "\"; expected only \"wait\"");
    if (!value.is_string()) return wrong("wait: expected a duration such as \"10s\"");
    const auto parsed = config::Duration(Millis(0), kLongestWait).parse(value.get<std::string>());
    if (!parsed) return wrong("wait: " + parsed.error().context);
    wait = *parsed;
  }
  return wait;
}

http::Problem ProblemOf(const Error& error) {
  http::Problem problem;
  problem.detail = error.context;
  const bool client = error.side == Side::kClient;
  switch (error.code) {
    case Code::kInvalid: problem.status = client ? 400 : 502; break;
    case Code::kNotFound: problem.status = client ? 404 : 500; break;
    case Code::kRefused: problem.status = client ? 409 : 502; break;
    case Code::kLimit: problem.status = client ? 413 : 502; break;
    case Code::kFull: problem.status = 507; break;
    case Code::kUnavailable: problem.status = 503; break;
    case Code::kTimeout: problem.status = 504; break;
    default: problem.status = error.side == Side::kUpstream ? 502 : 500;
  }
  return problem;
}

std::shared_ptr<http::StreamEvents> AnswerUpload(const Uploads& uploads, net::Loop& loop,
                                                 UploadRoute route,
                                                 std::shared_ptr<http::ServerStream> stream) {
  const http::RequestHead& request = stream->request();
  if (const auto refusal = Refusal(uploads, route, request)) {
    Said said = Said::Problem(*refusal);
    if (refusal->status == 401) said.fields.Add("www-authenticate", "Bearer");
    return Refuse(stream, std::move(said));
  }
  if (!Allows(Methods(route.kind), request.method)) {
    Said said = Said::Problem({.status = 405,
                               .detail = request.method + " means nothing here; use " +
                                         std::string(Methods(route.kind))});
    said.fields.Add("allow", Methods(route.kind));
    return Refuse(stream, std::move(said));
  }
  if (route.kind == Kind::kBlob && request.method == "GET") {
    auto download =
        std::make_shared<BlobDownload>(uploads, loop, *Sha256Digest::FromHex(route.blob), stream);
    download->Begin();
    return download;
  }
  if (route.kind == Kind::kBlob) {
    auto upload =
        std::make_shared<BlobUpload>(uploads, loop, *Sha256Digest::FromHex(route.blob), stream);
    upload->Begin();
    return upload;
  }
  const ByteCount largest =
      route.kind == Kind::kReleases ? uploads.largest_manifest : kLargestActivateBody;
  auto upload = std::make_shared<SmallUpload>(uploads, loop, std::move(route), stream, largest);
  if (stream->end_of_body()) upload->Act();
  return upload;
}

}  // namespace skerry::shield
