#include "origin-shield/requests/serve.h"

#include <utility>

#include "core/base/log.h"
#include "core/http/cache_status.h"
#include "core/http/date.h"
#include "core/http/problem.h"
#include "origin-shield/requests/tagged_stream.h"
#include "origin-shield/requests/visit.h"
#include "origin-shield/respond/blob_body.h"
#include "origin-shield/respond/difference.h"

namespace skerry::shield {
namespace {

constexpr std::string_view kName = "skerry-shield";
// The details of our member in Cache-Status.
constexpr std::string_view kRelease = "release";
constexpr std::string_view kBehind = "behind-the-edge";

bool Reads(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Ours: no cache was asked, and nobody else is behind.
std::string CacheStatusOf(std::string_view detail) {
  http::CacheStatus status;
  status.cache = kName;
  status.detail = detail;
  return status.ToString();
}

// The request without what chooses a variant.
http::RequestHead WithoutNegotiation(http::RequestHead request) {
  for (const char* name : {"accept", "accept-encoding", "if-none-match", "range"}) {
    request.fields.Remove(name);
  }
  return request;
}

}  // namespace

std::shared_ptr<http::StreamEvents> Service::OnRequest(std::shared_ptr<http::ServerStream> stream) {
  // The sites behind an edge may have such paths of their own.
  const bool from_node = stream->request().fields.Has("skerry-node-token");
  if (!from_node) {
    if (auto route = ParseUploadRoute(stream->request().path)) {
      return AnswerUpload(*serving_.uploads, loop_, std::move(*route), std::move(stream));
    }
  }
  auto visit = std::make_shared<Visit>(*this, std::move(stream));
  visit->Begin();
  return visit;
}

Visit::Visit(Service& service, std::shared_ptr<http::ServerStream> stream)
    : service_(service),
      stream_(std::move(stream)),
      request_(stream_->request()),
      timer_(service.loop()) {}

void Visit::Begin() {
  from_edge_ = gateway::ReadTierFields(request_.fields, service_.serving().tier);
  if (from_edge_.bad) return SendRefused();
  catch_up_until_ = service_.loop().clock().Steady() + service_.serving().catch_up;
  CatchUp();
}

bool Visit::BehindTheEdge() const {
  if (!from_edge_.applied || !service_.serving().applied) return false;
  return cache::CheckTier(*from_edge_.applied, service_.serving().applied()) !=
         cache::Tier::kAnswers;
}

void Visit::CatchUp() {
  behind_ = BehindTheEdge();
  const bool waits = behind_ && Reads(request_.method) && stream_->end_of_body() &&
                     service_.loop().clock().Steady() < catch_up_until_;
  if (!waits) return Answer();
  // Holds no reference: the timer ends with the visit.
  timer_.Start(service_.serving().look_again, [this] {
    if (stream_ != nullptr) CatchUp();
  });
}

void Visit::Answer() {
  const bool has_origin = service_.gateway() != nullptr;
  site_ = service_.serving().releases->ForHost(request_.authority);
  if (site_ == nullptr) {
    if (has_origin) return Forward();
    return SendProblem(404, "no release has been pushed to this shield, and it has no --origin");
  }
  const bool others_answer = has_origin && !site_->preview;
  located_ = Locate(*site_, request_.path, others_answer);
  const bool unknown = located_.place == Place::kNotFound;
  if (others_answer && (unknown || !Reads(request_.method))) return Forward();
  const http::RequestHead request = plain_only_ ? WithoutNegotiation(request_) : request_;
  SendWhenReadable(Respond({request, *site_, located_, from_edge_.trusted, behind_},
                           service_.serving().clock->Wall()));
}

void Visit::Forward() {
  std::shared_ptr<http::ServerStream> stream = stream_;
  if (site_ != nullptr && from_edge_.trusted) {
    // A path that the release does not have is no miss here: the origin has it.
    located_.place = Place::kFile;
    stream = std::make_shared<TaggedStream>(stream_, AnswerTags(site_->site, located_));
    // The gateway holds streams weakly: what it was given lives as long as we do.
    stream_ = stream;
  }
  forwarded_ = service_.gateway()->OnRequest(stream);
}

void Visit::SendWhenReadable(shield::Answer answer) {
  if (!answer.body || answer.body->count == 0 || request_.method == "HEAD") {
    std::string text = request_.method == "HEAD" ? std::string() : std::move(answer.text);
    return Send(std::move(answer), std::make_unique<http::MemoryBody>(std::move(text)));
  }
  const BodyPart part = *answer.body;
  const uint64_t index = part.from / kPieceBytes;
  Pieces& pieces = *service_.serving().pieces;
  if (const auto first = pieces.Find(part.sha256, index)) {
    return Send(std::move(answer), MakeBlobBody(pieces, service_.loop(), part, *first));
  }
  pieces.Load(part.sha256, part.size, index, service_.loop(),
              [weak = weak_from_this(), answer = std::move(answer)](Result<Chunk> loaded) mutable {
                const auto self = weak.lock();
                if (self == nullptr || self->stream_ == nullptr) return;
                if (!loaded) return self->OnUnreadable(loaded.error());
                const BodyPart part = *answer.body;
                Service& service = self->service_;
                self->Send(std::move(answer),
                           MakeBlobBody(*service.serving().pieces, service.loop(), part,
                                        std::move(*loaded)));
              });
}

void Visit::OnUnreadable(const Error& error) {
  if (!plain_only_) {
    plain_only_ = true;
    return Answer();
  }
  LogError("cannot serve a release's file", {{"path", request_.path}, {"error", error.ToString()}});
  SendProblem(500, "the file is in the release, but cannot be read here: push the release again");
}

void Visit::Send(shield::Answer answer, std::unique_ptr<http::BodySource> body) {
  if (stream_ == nullptr) return;
  status_ = answer.status;
  http::Response response;
  response.status = answer.status;
  response.own = std::move(answer.fields);
  response.own.Add("date", http::FormatDate(service_.serving().clock->Wall()));
  if (located_.release != nullptr) {
    response.own.Add("cache-status", CacheStatusOf(behind_ ? kBehind : kRelease));
  }
  if (from_edge_.trusted && service_.serving().applied) {
    response.own.Add("skerry-purge-seq", cache::ToFieldValue(service_.serving().applied()));
  }
  const bool has_length = answer.status != 304;
  const uint64_t length = answer.body ? answer.body->count : answer.text.size();
  if (request_.method == "HEAD" && has_length) {
    response.own.Add("content-length", std::to_string(length));
  } else if (has_length) {
    response.body = std::move(body);
  }
  stream_->Respond(std::move(response));
}

void Visit::SendRefused() {
  http::Fields fields;
  gateway::MarkRefused(fields);
  SendProblem(403, "Skerry-* fields need a node's token", std::move(fields));
}

void Visit::SendProblem(int status, std::string detail, http::Fields fields) {
  http::Problem problem;
  problem.status = status;
  problem.detail = std::move(detail);
  shield::Answer answer;
  answer.status = status;
  answer.fields = std::move(fields);
  answer.fields.Add("content-type", http::kProblemType);
  answer.fields.Add("cache-control", "no-store");
  std::string text = problem.ToJson();
  answer.text = text;
  Send(std::move(answer), std::make_unique<http::MemoryBody>(std::move(text)));
}

void Visit::OnBody(std::string_view bytes) {
  if (forwarded_ != nullptr) return forwarded_->OnBody(bytes);
  // A body that a release's answer has no use for.
  if (stream_ != nullptr) stream_->ConsumedBody(bytes.size());
}

void Visit::OnBodyEnd(http::Fields trailers) {
  if (forwarded_ != nullptr) forwarded_->OnBodyEnd(std::move(trailers));
}

void Visit::OnGone(bool complete) {
  timer_.Stop();
  if (forwarded_ != nullptr) {
    // The gateway counts its own requests.
    forwarded_->OnGone(complete);
  } else if (stream_ != nullptr && status_ != 0) {
    const Micros took = service_.loop().clock().Steady() - stream_->begun();
    const double seconds = std::chrono::duration<double>(took).count();
    const bool file = located_.file && status_ < 400;
    if (file) service_.counters().Hit("release");
    const std::string_view site = site_ != nullptr ? std::string_view(site_->site) : "none";
    service_.counters().Answered(site, status_, file ? "hit" : "miss", seconds,
                                 stream_->bytes_sent());
    if (gateway::AccessLog* log = service_.serving().access_log) {
      const std::string said = CacheStatusOf(behind_ ? kBehind : kRelease);
      log->Write({service_.serving().clock->Wall(), request_.method, request_.scheme,
                  request_.authority, request_.path, Name(stream_->protocol()),
                  stream_->peer().host, site, status_, stream_->bytes_sent(), seconds * 1e3, said,
                  "release", complete});
    }
  }
  stream_.reset();
}

}  // namespace skerry::shield
