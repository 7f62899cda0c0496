// PUT of a blob: its bytes go to the disk as they come, and the client's window opens
// as they are written. Private to the upload API.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/http/server/server.h"
#include "core/net/loop.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/requests/upload_answer.h"
#include "origin-shield/store/blobs.h"

namespace skerry::shield {

// Owner: the stream, and the task of the pool that is under way (one at most, so the
// writer has one user at a time). Thread: the stream's loop; what is on the pool says so.
class BlobUpload : public http::StreamEvents, public std::enable_shared_from_this<BlobUpload> {
 public:
  BlobUpload(const Uploads& uploads, net::Loop& loop, const Sha256Digest& name,
             std::shared_ptr<http::ServerStream> stream);
  ~BlobUpload() override;
  void Begin();

  void OnBody(std::string_view bytes) override;
  void OnBodyEnd(http::Fields trailers) override;
  void OnGone(bool complete) override;

 private:
  // What the pool works on. It outlives this where the client leaves half-way.
  struct Work;
  void Proceed();
  void Write();
  void Finish();
  void Fail(const Error& error);

  const Uploads& uploads_;
  net::Loop& loop_;
  const Sha256Digest name_;
  UploadAnswer answer_;
  std::optional<uint64_t> announced_;  // Content-Length
  bool whole_ = false;                 // the body has ended
  bool busy_ = false;                  // a task of ours is on the pool
  bool failed_ = false;
  std::string unwritten_;
  std::shared_ptr<Work> work_;
};

}  // namespace skerry::shield
