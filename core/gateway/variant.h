// Step "variant": compress what came uncoded, while it passes, for clients that take
// it. What comes coded from upstream (a release's precompressed files) is used as is.
//
// A coded variant has an ETag of its own: the origin's opaque tag, "~" and the recipe
// ("abc~br5"), so that If-Range never mixes two encodings, and what validates it
// upstream can be got back.
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
// The coding for this (normalised) request; nothing: identity.
std::optional<asset::Recipe> ChooseRecipe(const http::Fields& sent);

// Vary: Accept-Encoding, which an encodable answer has in every coding.
void AddVaryAcceptEncoding(http::Fields& fields);
// Content-Encoding, ETag, and without what speaks of the uncoded bytes.
void MarkEncoded(http::Fields& fields, const asset::Recipe& recipe);
// The tag as the origin knows it: without our "~br5".
std::string OriginTag(std::string_view etag);

// Encodes a body piece by piece on the compute pool, in order, and hands the results
// back on the loop. Owner: a retrieval. Thread: its loop's.
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
  // Bytes that wait to be encoded: upstream pauses above 256 KiB.
  size_t waiting() const { return waiting_.size(); }
  // No event comes any more.
  void Stop() { events_ = {}; }

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
};

}  // namespace skerry::gateway
