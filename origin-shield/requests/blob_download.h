// GET of a blob: whoever builds the next release asks for what this one deployed. Private
// to upload.cc.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/digest.h"
#include "core/http/server/server.h"
#include "core/net/loop.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/requests/upload_answer.h"

namespace skerry::shield {

// Owner: the stream. Thread: its loop's.
class BlobDownload : public http::StreamEvents, public std::enable_shared_from_this<BlobDownload> {
 public:
  BlobDownload(const Uploads& uploads, net::Loop& loop, const Sha256Digest& name,
               std::shared_ptr<http::ServerStream> stream);
  void Begin();

  void OnBody(std::string_view bytes) override { answer_.Consumed(bytes.size()); }
  void OnBodyEnd(http::Fields) override {}
  void OnGone(bool) override { answer_.Gone(); }

 private:
  void OnSize(const Result<ByteCount>& size);
  void OnFirstPiece(ByteCount size, Result<Chunk> first);

  const Uploads& uploads_;
  net::Loop& loop_;
  const Sha256Digest name_;
  UploadAnswer answer_;
};

}  // namespace skerry::shield
