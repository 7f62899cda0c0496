#include "origin-shield/requests/blob_upload.h"

#include <charconv>
#include <utility>

namespace skerry::shield {
namespace {

std::optional<uint64_t> LengthOf(const http::Fields& fields) {
  const auto text = fields.Find("content-length");
  uint64_t length = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), length).ec != std::errc()) {
    return std::nullopt;
  }
  return length;
}

std::string StoredJson(const Sha256Digest& name) { return "{\"sha256\":\"" + name.Hex() + "\"}"; }

}  // namespace

struct BlobUpload::Work {
  std::unique_ptr<BlobWriter> writer;
};

BlobUpload::BlobUpload(const Uploads& uploads, net::Loop& loop, const Sha256Digest& name,
                       std::shared_ptr<http::ServerStream> stream)
    : uploads_(uploads),
      loop_(loop),
      name_(name),
      answer_(stream),
      announced_(LengthOf(stream->request().fields)),
      whole_(stream->end_of_body()),
      work_(std::make_shared<Work>()) {}

BlobUpload::~BlobUpload() {
  // Closing and removing are disk work.
  if (work_->writer != nullptr)
    uploads_.pool->Run([work = std::move(work_)] { work->writer.reset(); });
}

void BlobUpload::Begin() {
  if (announced_ && *announced_ > uploads_.blobs->largest()) {
    return Fail({Code::kLimit, Side::kClient, false,
                 "a blob has at most " + std::to_string(uploads_.blobs->largest()) +
                     " bytes here; this one announces " + std::to_string(*announced_)});
  }
  Proceed();
}

void BlobUpload::OnBody(std::string_view bytes) {
  if (failed_) return answer_.Consumed(bytes.size());
  unwritten_.append(bytes);
  Proceed();
}

void BlobUpload::OnBodyEnd(http::Fields) {
  whole_ = true;
  Proceed();
}

void BlobUpload::OnGone(bool) {
  failed_ = true;
  answer_.Gone();
}

// Starts the next piece of work, unless one is under way.
void BlobUpload::Proceed() {
  if (busy_ || failed_) return;
  if (!unwritten_.empty()) return Write();
  if (whole_) Finish();
}

void BlobUpload::Write() {
  busy_ = true;
  uploads_.pool->Run([weak = weak_from_this(), work = work_, &loop = loop_,
                      &blobs = *uploads_.blobs, name = name_,
                      bytes = std::exchange(unwritten_, {})] {
    Status status;
    if (work->writer == nullptr) {
      auto begun = blobs.Begin(name);
      if (begun) {
        work->writer = std::move(*begun);
      } else {
        status = tl::unexpected<Error>(std::move(begun.error()));
      }
    }
    if (status) status = work->writer->Append(bytes);
    loop.Post([weak, status, count = bytes.size()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->busy_ = false;
      self->answer_.Consumed(count);
      if (!status) return self->Fail(status.error());
      self->Proceed();
    });
  });
}

void BlobUpload::Finish() {
  busy_ = true;
  uploads_.pool->Run([weak = weak_from_this(), work = work_, &loop = loop_,
                      &blobs = *uploads_.blobs, releases = uploads_.releases, name = name_] {
    if (work->writer == nullptr) {  // no bytes at all
      auto begun = blobs.Begin(name);
      if (begun) work->writer = std::move(*begun);
    }
    Result<bool> had = work->writer != nullptr
                           ? work->writer->Finish()
                           : skerry::Fail(Code::kIo, Side::kStorage, "cannot write blobs");
    work->writer.reset();
    if (had) {
      if (const Status counted = releases->OnBlob(name); !counted)
        had = skerry::Fail(counted.error());
    }
    loop.Post([weak, had] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->busy_ = false;
      if (!had) return self->Fail(had.error());
      self->answer_.Send(Said{*had ? 200 : 201, StoredJson(self->name_)});
    });
  });
}

void BlobUpload::Fail(const Error& error) {
  failed_ = true;
  answer_.Consumed(unwritten_.size());
  unwritten_.clear();
  http::Problem problem = ProblemOf(error);
  // Well-formed, and not what its name says (RFC 9110 15.5.21).
  if (problem.status == 400) problem.status = 422;
  answer_.Send(problem);
}

}  // namespace skerry::shield
