// Step "variant": compress what came uncoded, while it passes, for clients that take
// it. What comes coded from upstream (a release's precompressed files) is used as is.
//
// A coded variant has an ETag of its own: the origin's opaque tag, "~", the recipe, and
// a mark of this very run of the encoder ("abc~br5.9f2c0a1b"), for where its output was
// flushed depends on how the origin's bytes came. So If-Range never mixes two
// encodings, and what validates it upstream can be got back. What was encoded as a
// whole (upgrade.h) is the same everywhere and has no mark: "abc~br11". Where the origin
// sent no tag, ours is "~br5.9f2c0a1b": its Last-Modified cannot tell encodings apart.
//
// Brotli, then zstd, then gzip: docs/why/coding-preference.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/asset/coding.h"
#include "core/asset/encoder.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/gateway/route.h"
#include "core/http/message.h"
#include "core/net/loop.h"

namespace skerry::gateway {

// May this answer be sent in several codings? 200, compressible, uncoded, no
// no-transform, at least 1,000 bytes (or of unknown length), not an event stream.
bool IsEncodable(const http::ResponseHead& response, std::optional<uint64_t> length,
                 const Route& route);
// The coding for this (normalised) request and a body of that length; nothing: identity.
std::optional<asset::Recipe> ChooseRecipe(const http::Fields& sent, std::optional<uint64_t> length);

// Vary: Accept-Encoding, which an encodable answer has in every coding.
void AddVaryAcceptEncoding(http::Fields& fields);
// Removes what speaks of the uncoded bytes: Content-Length, digests, Accept-Ranges.
void RemoveOfUncoded(http::Fields& fields);
// Content-Encoding, ETag, and without what speaks of the uncoded bytes. `run`: the mark
// of this run of the encoder; empty for an output that depends on the body alone.
void MarkEncoded(http::Fields& fields, const asset::Recipe& recipe, std::string_view run);

// A tag that MarkEncoded made, taken apart.
struct CodedTag {
  std::string origin;  // the tag as the origin knows it; empty: it sent none
  asset::Recipe recipe;
};
std::optional<CodedTag> ParseCodedTag(std::string_view etag);
// The tag as the origin knows it: without our "~br5.9f2c0a1b". Empty: it sent none.
std::string OriginTag(std::string_view etag);
// Of the tags in If-None-Match: one that stands for the same content in the same coding
// as `etag`, which is one of ours, from another run of the encoder. Whoever has those
// bytes needs no others (a weak comparison: RFC 9110 8.8.3.2). Nothing if there is none.
std::optional<std::string> SameContentTag(std::string_view if_none_match, std::string_view etag);

// Encodes a body piece by piece on the compute pool, in order, and hands the results
// back on the loop. When an origin pauses, what it has sent so far is flushed within
// kFlushAfter, so that the client can decode it. Owner: a retrieval. Thread: its loop's.
class EncodeStage : public std::enable_shared_from_this<EncodeStage> {
 public:
  struct Events {
    std::function<void(std::string_view)> bytes;
    std::function<void()> drained;  // everything given so far has been encoded
    std::function<void(Status)> finished;
  };
  static Result<std::shared_ptr<EncodeStage>> Make(const asset::Recipe& recipe, Pool& pool,
                                                   net::Loop& loop, Events events);

  void Append(std::string_view bytes);
  void Finish();
  static constexpr Micros kFlushAfter = Micros(5000);

  // Bytes that wait to be encoded: upstream pauses above 256 KiB.
  size_t waiting() const { return waiting_.size(); }
  // No event comes any more.
  void Stop() {
    events_ = {};
    flush_timer_.Stop();
  }

 private:
  struct Work;
  EncodeStage(std::unique_ptr<asset::Encoder> encoder, Pool& pool, net::Loop& loop, Events events);
  void Next();
  void Done(const std::shared_ptr<Work>& work);

  Pool& pool_;
  net::Loop& loop_;
  Events events_;
  std::shared_ptr<asset::Encoder> encoder_;
  std::string waiting_;
  bool ending_ = false;
  bool busy_ = false;
  bool unflushed_ = false;  // bytes went in since the last flush
  bool flush_due_ = false;
  net::Timer flush_timer_;
};

}  // namespace skerry::gateway
