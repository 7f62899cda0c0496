#include "origin-shield/requests/blob_download.h"

#include <utility>

#include "core/http/body.h"
#include "origin-shield/respond/blob_body.h"

namespace skerry::shield {

BlobDownload::BlobDownload(const Uploads& uploads, net::Loop& loop, const Sha256Digest& name,
                           std::shared_ptr<http::ServerStream> stream)
    : uploads_(uploads), loop_(loop), name_(name), answer_(std::move(stream)) {}

void BlobDownload::Begin() {
  uploads_.pool->Run(
      [weak = weak_from_this(), &loop = loop_, &blobs = *uploads_.blobs, name = name_] {
        loop.Post([weak, size = blobs.SizeOf(name)] {
          if (const auto self = weak.lock()) self->OnSize(size);
        });
      });
}

void BlobDownload::OnSize(const Result<ByteCount>& size) {
  if (!size) return answer_.Send(ProblemOf(size.error()));
  if (*size == 0) return answer_.Send(std::make_unique<http::MemoryBody>(std::string()));
  uploads_.pieces->Load(name_, *size, 0, loop_,
                        [weak = weak_from_this(), size = *size](Result<Chunk> first) {
                          if (const auto self = weak.lock()) {
                            self->OnFirstPiece(size, std::move(first));
                          }
                        });
}

void BlobDownload::OnFirstPiece(ByteCount size, Result<Chunk> first) {
  if (!first) return answer_.Send(ProblemOf(first.error()));
  const BodyPart whole{name_, size, 0, size};
  answer_.Send(MakeBlobBody(*uploads_.pieces, loop_, whole, std::move(*first)));
}

}  // namespace skerry::shield
