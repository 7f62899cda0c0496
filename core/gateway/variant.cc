#include "core/gateway/variant.h"

#include <array>
#include <utility>

#include "core/asset/media_type.h"
#include "core/http/cache_control.h"

namespace skerry::gateway {

bool IsEncodable(const http::ResponseHead& response, std::optional<uint64_t> length,
                 const Route& route) {
  if (!route.compress || response.status != 200) return false;
  if (response.fields.Has("content-encoding") || response.fields.Has("content-range")) return false;
  if (length && *length < asset::kLeastWorthCompressing) return false;
  const std::string_view type = response.fields.Find("content-type").value_or("");
  if (http::AsciiLower(type).starts_with("text/event-stream")) return false;
  if (!asset::IsCompressible(type)) return false;
  return !http::ParseCacheControl(response.fields).no_transform;
}

std::optional<asset::Recipe> ChooseRecipe(const http::Fields& sent) {
  // Normalised in forward.cc to what we make, the best first.
  const std::string_view accepts = sent.Find("accept-encoding").value_or("");
  if (accepts.starts_with("br")) return asset::kFastBrotli;
  if (accepts.starts_with("gzip")) return asset::kFastGzip;
  return std::nullopt;
}

void AddVaryAcceptEncoding(http::Fields& fields) {
  const auto vary = fields.Combined("vary");
  if (!vary) {
    fields.Add("vary", "accept-encoding");
  } else if (http::AsciiLower(*vary).find("accept-encoding") == std::string::npos) {
    fields.Set("vary", *vary + ", accept-encoding");
  }
}

namespace {

// "abc" → "abc~br5"; W/"abc" → W/"abc~br5".
std::string CodedTag(std::string_view etag, const asset::Recipe& recipe) {
  if (etag.size() < 2 || etag.back() != '"') return std::string(etag);
  return std::string(etag.substr(0, etag.size() - 1)) + "~" + asset::Name(recipe) + "\"";
}

}  // namespace

void MarkEncoded(http::Fields& fields, const asset::Recipe& recipe) {
  for (const std::string_view name : {"content-length", "accept-ranges", "content-digest",
                                      "repr-digest", "digest", "content-md5"}) {
    fields.Remove(name);
  }
  fields.Set("content-encoding", asset::Name(recipe.coding));
  if (const auto etag = fields.Find("etag"))
    fields.Set("etag", CodedTag(std::string(*etag), recipe));
}

std::string OriginTag(std::string_view etag) {
  for (const asset::Recipe& recipe :
       {asset::kFastBrotli, asset::kFastGzip, asset::kFastZstd, asset::kBestBrotli}) {
    const std::string suffix = "~" + asset::Name(recipe) + "\"";
    if (etag.ends_with(suffix)) {
      return std::string(etag.substr(0, etag.size() - suffix.size())) + "\"";
    }
  }
  return std::string(etag);
}

// One trip to the pool and back.
struct EncodeStage::Work {
  std::string in;
  std::string out;
  bool last = false;
  Status status;
};

EncodeStage::EncodeStage(std::unique_ptr<asset::Encoder> encoder, Pool& pool, net::Loop& loop,
                         Events events)
    : pool_(pool), loop_(loop), events_(std::move(events)), encoder_(std::move(encoder)) {}

Result<std::shared_ptr<EncodeStage>> EncodeStage::Make(const asset::Recipe& recipe, Pool& pool,
                                                       net::Loop& loop, Events events) {
  auto encoder = asset::Encoder::Make(recipe);
  if (!encoder) return Fail(std::move(encoder.error()));
  return std::shared_ptr<EncodeStage>(
      new EncodeStage(std::move(*encoder), pool, loop, std::move(events)));
}

void EncodeStage::Append(std::string_view bytes) {
  waiting_.append(bytes);
  Next();
}

void EncodeStage::Finish() {
  ending_ = true;
  Next();
}

void EncodeStage::Next() {
  if (busy_ || (waiting_.empty() && !ending_)) return;
  busy_ = true;
  auto work = std::make_shared<Work>();
  work->in.swap(waiting_);
  work->last = ending_;
  // The encoder is used by one task at a time: busy_ sees to it.
  pool_.Run([weak = weak_from_this(), encoder = encoder_, work, &loop = loop_] {
    work->status = encoder->Append(work->in, work->out);
    if (work->status && work->last) work->status = encoder->Finish(work->out);
    loop.Post([weak, work] {
      if (const auto stage = weak.lock()) stage->Done(work);
    });
  });
}

void EncodeStage::Done(const std::shared_ptr<Work>& work) {
  busy_ = false;
  const Events events = events_;
  if (!work->out.empty() && events.bytes) events.bytes(work->out);
  if (!work->status || work->last) {
    if (events.finished) events.finished(work->status);
    return;
  }
  if (waiting_.empty() && !ending_ && events.drained) events.drained();
  Next();
}

}  // namespace skerry::gateway
