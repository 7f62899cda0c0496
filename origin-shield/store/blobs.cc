#include "origin-shield/store/blobs.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "origin-shield/store/files.h"

namespace skerry::shield {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSumsSuffix = ".sums";

uint64_t SumOf(std::string_view piece, uint64_t index) { return Xxh3(piece, index); }

WallTime Modified(const fs::directory_entry& entry) {
  std::error_code error;
  const auto written = entry.last_write_time(error);
  if (error) return WallTime{};
  return std::chrono::time_point_cast<Millis>(
      std::chrono::file_clock::to_sys(std::chrono::time_point_cast<Millis>(written)));
}

size_t LengthOfPiece(ByteCount size, uint64_t index) {
  return static_cast<size_t>(std::min<ByteCount>(kPieceBytes, size - index * kPieceBytes));
}

}  // namespace

bool SumMatches(std::string_view sums, ByteCount size, uint64_t index, std::string_view piece) {
  const uint64_t count = PieceCount(size);
  if (sums.size() != (count + 1) * 8) return false;
  ByteReader all(sums.substr(count * 8));
  if (all.Le64() != Xxh3(sums.substr(0, count * 8))) return false;
  ByteReader one(sums.substr(index * 8));
  return one.Le64() == SumOf(piece, index);
}

BlobWriter::BlobWriter(BlobStore& store, const Sha256Digest& name, std::string file, int fd)
    : store_(store), name_(name), file_(std::move(file)), fd_(fd) {}

BlobWriter::~BlobWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(file_.c_str());
  ::unlink((file_ + std::string(kSumsSuffix)).c_str());
}

void BlobWriter::EndPiece() {
  PutLe64(sums_, SumOf(piece_, sums_.size() / 8));
  piece_.clear();
}

Status BlobWriter::Append(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > store_.largest()) {
    return Fail(Code::kLimit, Side::kClient,
                "a blob has at most " + std::to_string(store_.largest()) + " bytes here");
  }
  digest_.Update(bytes);
  if (Status status = WriteAll(fd_, bytes, file_); !status) return status;
  while (!bytes.empty()) {
    const size_t part = std::min(bytes.size(), kPieceBytes - piece_.size());
    piece_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (piece_.size() == kPieceBytes) EndPiece();
  }
  return {};
}

Status BlobWriter::WriteSums() const {
  std::string sums = sums_;
  PutLe64(sums, Xxh3(sums_));
  return WriteSynced(file_ + std::string(kSumsSuffix), sums);
}

Result<bool> BlobWriter::Finish() {
  const Sha256Digest found = digest_.Finish();
  if (found != name_) {
    return Fail(Code::kInvalid, Side::kClient,
                "the " + std::to_string(size_) + " bytes have the SHA-256 " + found.Hex() +
                    ", not " + name_.Hex());
  }
  if (!piece_.empty()) EndPiece();
  if (::fsync(fd_) != 0) return Fail(OsError("sync", file_, errno));
  const std::string target = store_.FileOf(name_);
  const std::string directory = fs::path(target).parent_path();
  const bool had = store_.Has(name_, size_);
  if (Status status = MakeDirectories(directory); !status) return Fail(std::move(status.error()));
  if (PieceCount(size_) > 1) {
    if (Status status = WriteSums(); !status) return Fail(std::move(status.error()));
    const Status renamed =
        Rename(file_ + std::string(kSumsSuffix), target + std::string(kSumsSuffix));
    if (!renamed) return Fail(renamed.error());
  }
  // Also over a file that is there: its bytes may have rotted.
  if (Status status = Rename(file_, target); !status) return Fail(std::move(status.error()));
  ::close(std::exchange(fd_, -1));
  if (Status status = SyncDirectory(directory); !status) return Fail(std::move(status.error()));
  store_.Healed(name_);
  return had;
}

Result<std::unique_ptr<BlobStore>> BlobStore::Open(Options options) {
  std::unique_ptr<BlobStore> store(new BlobStore(std::move(options)));
  const std::string incoming = store->options_.directory + "/incoming";
  std::error_code error;
  fs::remove_all(incoming, error);
  for (const std::string& directory : {incoming, store->options_.directory + "/corrupt"}) {
    if (Status status = MakeDirectories(directory); !status) return Fail(status.error());
  }
  if (store->options_.metrics != nullptr) {
    store->corrupt_counter_ = &store->options_.metrics->GetCounter(
        "skerry_store_corrupt_total", "Stored bytes that did not match their checksum.");
  }
  return store;
}

std::string BlobStore::FileOf(const Sha256Digest& name) const {
  const std::string hex = name.Hex();
  return options_.directory + "/" + hex.substr(0, 2) + "/" + hex;
}

bool BlobStore::Has(const Sha256Digest& name, ByteCount size) const {
  std::error_code error;
  const std::string file = FileOf(name);
  if (fs::file_size(file, error) != size || error) return false;
  return PieceCount(size) <= 1 || fs::exists(file + std::string(kSumsSuffix), error);
}

Result<ByteCount> BlobStore::SizeOf(const Sha256Digest& name) const {
  std::error_code error;
  const auto size = fs::file_size(FileOf(name), error);
  if (!error) return size;
  return Fail(Code::kNotFound, Side::kClient, "no blob " + name.Hex() + " is stored here");
}

Result<std::unique_ptr<BlobWriter>> BlobStore::Begin(const Sha256Digest& name) {
  std::string file = options_.directory + "/incoming/" + std::to_string(++next_incoming_);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return Fail(OsError("open", file, errno));
  return std::unique_ptr<BlobWriter>(new BlobWriter(*this, name, std::move(file), fd));
}

Result<Chunk> BlobStore::Read(const Sha256Digest& name, ByteCount size, uint64_t index) {
  const std::string file = FileOf(name);
  const size_t length = LengthOfPiece(size, index);
  Result<Chunk> piece = ReadAt(file, index * kPieceBytes, length);
  if (!piece) return piece;
  bool good = piece->size() == length;
  if (good && PieceCount(size) == 1) {
    good = Sha256(piece->view()) == name;
  } else if (good) {
    Result<Chunk> sums = ReadAt(file + std::string(kSumsSuffix), 0, (PieceCount(size) + 1) * 8);
    if (!sums && sums.error().code != Code::kNotFound) return sums;
    good = sums && SumMatches(sums->view(), size, index, piece->view());
  }
  if (good) return piece;
  const std::string why =
      "piece " + std::to_string(index) + " of blob " + name.Hex() + " is not what was stored";
  MoveAside(name, why);
  return Fail(Code::kCorrupt, Side::kStorage, why);
}

void BlobStore::MoveAside(const Sha256Digest& name, std::string_view why) {
  {
    const MutexLock lock(mutex_);
    damaged_.insert(name);
  }
  if (corrupt_counter_ != nullptr) corrupt_counter_->Add();
  const std::string aside = options_.directory + "/corrupt/" + name.Hex();
  LogError("blobs: damaged on disk; push its release again to put it back",
           {{"what", why}, {"moved_to", aside}});
  if (const Status moved = Rename(FileOf(name), aside); !moved) {
    LogError("blobs: cannot move a damaged blob aside", {{"error", moved.error().ToString()}});
  }
}

void BlobStore::Healed(const Sha256Digest& name) {
  const MutexLock lock(mutex_);
  damaged_.erase(name);
}

size_t BlobStore::damaged() const {
  const MutexLock lock(mutex_);
  return damaged_.size();
}

Status BlobStore::ForEach(
    const std::function<bool(const Sha256Digest&, ByteCount, WallTime)>& visit) const {
  std::error_code error;
  fs::recursive_directory_iterator at(options_.directory, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string folder = at->path().filename();
    if (at.depth() == 0 && folder.size() != 2) {
      at.disable_recursion_pending();
      continue;
    }
    const std::optional<Sha256Digest> name = Sha256Digest::FromHex(at->path().filename().native());
    if (at.depth() != 1 || !name) continue;
    std::error_code gone;
    const ByteCount size = at->file_size(gone);
    if (!gone && !visit(*name, size, Modified(*at))) return {};
  }
  if (error) return Fail(OsError("read directory", options_.directory, error.value()));
  return {};
}

Status BlobStore::Remove(const Sha256Digest& name) {
  const std::string file = FileOf(name);
  std::error_code error;
  fs::remove(file, error);
  if (error) return Fail(OsError("remove", file, error.value()));
  fs::remove(file + std::string(kSumsSuffix), error);
  return {};
}

}  // namespace skerry::shield
