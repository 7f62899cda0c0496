#include "core/gateway/variant.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/asset/media_type.h"
#include "core/http/accept.h"
#include "core/http/cache_control.h"
#include "core/http/etag.h"

namespace skerry::gateway {
namespace {

// Below, gzip 6 is smaller than zstd 6 on web text, and small enough not to be slow.
constexpr uint64_t kLeastForZstd = 64 * 1024;
constexpr asset::Recipe kStreamedZstd{asset::Coding::kZstd, 6};

}  // namespace

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

std::optional<asset::Recipe> ChooseRecipe(const http::Fields& sent,
                                          std::optional<uint64_t> length) {
  const http::CodingSet accepts = http::ParseAcceptEncoding(sent).set();
  if (accepts.Has(http::Coding::kBr)) return asset::kFastBrotli;
  const bool zstd = accepts.Has(http::Coding::kZstd);
  const bool gzip = accepts.Has(http::Coding::kGzip);
  if (zstd && (!gzip || length.value_or(0) >= kLeastForZstd)) return kStreamedZstd;
  if (gzip) return asset::kFastGzip;
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

void RemoveOfUncoded(http::Fields& fields) {
  for (const std::string_view name : {"content-length", "accept-ranges", "content-digest",
                                      "repr-digest", "digest", "content-md5"}) {
    fields.Remove(name);
  }
}

void MarkEncoded(http::Fields& fields, const asset::Recipe& recipe, std::string_view run) {
  RemoveOfUncoded(fields);
  fields.Set("content-encoding", asset::Name(recipe.coding));
  http::EntityTag tag;
  if (const auto etag = fields.Find("etag")) tag = http::ParseEntityTag(*etag).value_or(tag);
  tag.opaque += "~" + asset::Name(recipe);
  if (!run.empty()) tag.opaque += "." + std::string(run);
  fields.Set("etag", tag.ToString());
}

namespace {

// "br5" of "br5.9f2c0a1b", as MarkEncoded writes it.
std::optional<asset::Recipe> ParseRecipe(std::string_view text) {
  const std::string_view run = text.substr(std::min(text.find('.'), text.size()));
  text.remove_suffix(run.size());
  const bool odd_run =
      !run.empty() && (run.size() < 2 || run.find_first_not_of("0123456789abcdef", 1) != run.npos);
  const size_t digits = text.find_first_of("0123456789");
  if (odd_run || digits == text.npos) return std::nullopt;
  const auto coding = asset::CodingOf(text.substr(0, digits));
  int level = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + digits, end, level);
  if (!coding || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return asset::Recipe{*coding, level};
}

}  // namespace

std::optional<CodedTag> ParseCodedTag(std::string_view etag) {
  std::optional<http::EntityTag> tag = http::ParseEntityTag(etag);
  if (!tag) return std::nullopt;
  const size_t mark = tag->opaque.rfind('~');
  if (mark == std::string::npos) return std::nullopt;
  const auto recipe = ParseRecipe(std::string_view(tag->opaque).substr(mark + 1));
  if (!recipe) return std::nullopt;
  tag->opaque.resize(mark);
  return CodedTag{tag->opaque.empty() ? "" : tag->ToString(), *recipe};
}

std::string OriginTag(std::string_view etag) {
  const std::optional<CodedTag> coded = ParseCodedTag(etag);
  return coded ? coded->origin : std::string(etag);
}

std::optional<std::string> SameContentTag(std::string_view if_none_match, std::string_view etag) {
  const std::optional<CodedTag> ours = ParseCodedTag(etag);
  // Without a tag of the origin nothing says that two runs had the same content.
  if (!ours || ours->origin.empty()) return std::nullopt;
  for (const http::EntityTag& tag : http::ParseEntityTagList(if_none_match).tags) {
    const std::optional<CodedTag> theirs = ParseCodedTag(tag.ToString());
    if (theirs && theirs->origin == ours->origin && theirs->recipe.coding == ours->recipe.coding) {
      return tag.ToString();
    }
  }
  return std::nullopt;
}

// One trip to the pool and back.
struct EncodeStage::Work {
  std::string in;
  std::string out;
  bool flush = false;
  bool last = false;
  Status status;
};

EncodeStage::EncodeStage(std::unique_ptr<asset::Encoder> encoder, Pool& pool, net::Loop& loop,
                         Events events)
    : pool_(pool),
      loop_(loop),
      events_(std::move(events)),
      encoder_(std::move(encoder)),
      flush_timer_(loop) {}

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
  const bool flush = flush_due_ && unflushed_;
  if (busy_ || (waiting_.empty() && !ending_ && !flush)) return;
  busy_ = true;
  auto work = std::make_shared<Work>();
  work->in.swap(waiting_);
  work->last = ending_;
  work->flush = flush_due_ && !ending_;
  flush_due_ = false;
  unflushed_ = !work->flush;
  // The encoder is used by one task at a time: busy_ sees to it.
  pool_.Run([weak = weak_from_this(), encoder = encoder_, work, &loop = loop_] {
    work->status = encoder->Append(work->in, work->out);
    if (work->status && work->flush) work->status = encoder->Flush(work->out);
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
    flush_timer_.Stop();
    if (events.finished) events.finished(work->status);
    return;
  }
  if (waiting_.empty() && !ending_) {
    if (events.drained) events.drained();
    // Not put off by bytes that dribble in.
    if (events_.bytes && unflushed_ && !flush_timer_.running()) {
      flush_timer_.Start(kFlushAfter, [this] {
        flush_due_ = unflushed_;
        Next();
      });
    }
  }
  Next();
}

}  // namespace skerry::gateway
