// Compression: of streams while they pass, and of whole files at their smallest.
//
// Every output depends on the input bytes and the recipe alone: not on how the
// bytes were cut into pieces, on threads or on the machine. Two nodes that encode
// the same body by the same recipe therefore send the same bytes under the same
// ETag. (Flush is the exception: it ends a block where it is called.)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/asset/coding.h"
#include "core/base/result.h"

namespace skerry::asset {

// One stream. Levels: gzip 1-9 (zlib), Brotli 2-11, zstd 1-19; an encoder holds
// about 0.3 MB (gzip), 1-3 MB (Brotli 5, zstd 3), up to 150 MB (Brotli 11).
//
// Owner: one thread at a time. Order: Append and Flush any number of times, then
// Finish once, then nothing but destruction.
class Encoder {
 public:
  // kInvalid for a recipe that no stream encoder has.
  static Result<std::unique_ptr<Encoder>> Make(const Recipe& recipe);
  virtual ~Encoder() = default;

  // Takes the next bytes; appends to `out` what is ready, often nothing.
  virtual Status Append(std::string_view bytes, std::string& out) = 0;
  // Appends to `out` all that a decoder needs to see every byte given so far.
  virtual Status Flush(std::string& out) = 0;
  // Appends the rest and the trailer.
  virtual Status Finish(std::string& out) = 0;
};

// The whole of `bytes` by `recipe`: Brotli 2-11, gzip 1-12 (libdeflate, a few per
// cent smaller than zlib at the same level), zstd 1-19; identity copies.
Result<std::string> Compress(const Recipe& recipe, std::string_view bytes);

// The recipe with the library and version that carries it out in Compress, for keys of
// kept results: "br11 brotli-1.0.9".
std::string Canonical(const Recipe& recipe);

// `bytes` as the difference to `dictionary` (RFC 9842 section 5): the 8 bytes
// 5e 2a 4d 18 20 00 00 00, the dictionary's SHA-256, a zstd frame of `level`.
// kLimit when the two need a larger window than RFC 9842 lets a client expect.
Result<std::string> CompressDcz(int level, std::string_view dictionary, std::string_view bytes);

}  // namespace skerry::asset
