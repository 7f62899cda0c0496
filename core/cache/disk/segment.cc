#include "core/cache/disk/segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "core/base/digest.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

constexpr std::string_view kPrefix = "body-";
constexpr std::string_view kSuffix = ".seg";
constexpr uint32_t kTableMagic = 0x32536b53;  // "SkS2"
constexpr size_t kEntryBytes = 8;
constexpr size_t kTableEndBytes = 32;
constexpr uint64_t kFarthest = std::numeric_limits<uint32_t>::max();
// The kernel keeps a file in folios, which lie at multiples of their size; none that an
// append of chunks makes is larger.
constexpr ByteCount kCut = 1_MiB;
// Read at a time where chunk headers are looked for.
constexpr size_t kWindow = 256 * 1024;

tl::unexpected<Error> IoError(const std::string& path, int error) {
  Code code = Code::kIo;
  if (error == ENOSPC || error == EDQUOT) code = Code::kFull;
  if (error == EMFILE || error == ENFILE) code = Code::kUnavailable;
  return Fail(code, Side::kStorage, path + ": " + std::strerror(error));
}

// As many bytes as there are, up to `size`; -1 and errno for an error.
ssize_t ReadAll(int file, char* to, size_t size, uint64_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = pread(file, to + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

std::string Segment::NameFor(uint64_t first) {
  char name[32];
  std::snprintf(name, sizeof(name), "body-%016llx.seg", static_cast<unsigned long long>(first));
  return name;
}

std::optional<uint64_t> Segment::FirstOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), first, 16);
  if (error != std::errc() || name.size() != 16 || end != name.data() + 16) return std::nullopt;
  return first;
}

Segment::~Segment() { close(file_); }

Result<std::shared_ptr<Segment>> Segment::Create(const std::string& directory, uint64_t first,
                                                 BodyFaults* faults) {
  const std::string path = directory + "/" + NameFor(first);
  if (faults != nullptr) {
    if (Status may = faults->Before(path, 0); !may) return Fail(std::move(may.error()));
  }
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return IoError(path, errno);
  // Read in no order: the bytes around a chunk are another's.
  posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
  return std::shared_ptr<Segment>(new Segment(path, first, file, faults));
}

Result<std::shared_ptr<Segment>> Segment::Open(const std::string& path, uint64_t first,
                                               BodyFaults* faults) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return IoError(path, errno);
  std::shared_ptr<Segment> segment(new Segment(path, first, file, faults));
  struct stat about {};
  if (fstat(file, &about) != 0) return IoError(path, errno);
  const auto bytes = static_cast<ByteCount>(about.st_size);
  if (!segment->ReadTable(bytes)) segment->Scan(bytes);
  segment->bytes_ = bytes;  // as the file system sees it, with a torn tail
  segment->taken_.fill(bytes);
  posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
  return segment->empty() ? nullptr : segment;
}

bool Segment::ReadTable(ByteCount file_bytes) {
  if (file_bytes < kTableEndBytes || file_bytes > 2 * kFarthest) return false;
  char end_bytes[kTableEndBytes];
  const ByteCount at = file_bytes - kTableEndBytes;
  if (ReadAll(file_, end_bytes, kTableEndBytes, at) != kTableEndBytes) return false;
  ByteReader last({end_bytes, kTableEndBytes});
  const bool magic = last.Le32() == kTableMagic;
  const ByteCount count = last.Le32();
  const uint64_t first = last.Le64();
  const ByteCount end = last.Le64();
  const uint64_t check = last.Le64();
  if (!magic || first != first_ || count == 0 || end > kFarthest ||
      end + count * kEntryBytes + kTableEndBytes != file_bytes) {
    return false;
  }
  std::string bytes(count * kEntryBytes + kTableEndBytes - sizeof(check), '\0');
  if (ReadAll(file_, bytes.data(), bytes.size(), end) != static_cast<ssize_t>(bytes.size())) {
    return false;
  }
  if (Xxh3(bytes, first_) != check) return false;
  ByteReader entries(bytes);
  table_.reserve(count);
  for (ByteCount i = 0; i < count; ++i) {
    const uint32_t position = entries.Le32();
    table_.push_back({position, entries.Le32()});
  }
  end_ = end;
  sealed_ = true;
  return true;
}

void Segment::Scan(ByteCount file_bytes) {
  std::string window;
  uint64_t window_at = 0;
  while (true) {
    if (end_ < window_at || end_ + kChunkHeaderBytes > window_at + window.size()) {
      window.resize(kWindow);
      window_at = end_;
      const ssize_t got = ReadAll(file_, window.data(), window.size(), window_at);
      window.resize(got < 0 ? 0 : static_cast<size_t>(got));
    }
    const auto header = ParseChunkHeader(
        std::string_view(window).substr(std::min<uint64_t>(end_ - window_at, window.size())));
    if (!header || end_ + header->size > file_bytes) return;
    const uint64_t position = header->name.position;
    const bool rises = empty() ? position >= first_ : position > last();
    if (!rises || !CanHold(position, header->size)) return;
    Add(position, header->size);
  }
}

Status Segment::Put(const std::vector<std::string_view>& parts, ByteCount size) const {
  if (faults_ != nullptr) {
    if (Status may = faults_->Before(path_, size); !may) return may;
  }
  std::vector<iovec> pieces;
  pieces.reserve(parts.size());
  for (const std::string_view part : parts) {
    if (!part.empty()) pieces.push_back({const_cast<char*>(part.data()), part.size()});
  }
  auto at = static_cast<off_t>(end_);
  for (size_t next = 0; next < pieces.size();) {
    const int count = static_cast<int>(std::min<size_t>(pieces.size() - next, IOV_MAX));
    const ssize_t done = pwritev(file_, &pieces[next], count, at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return IoError(path_, errno);
    at += done;
    auto left = static_cast<size_t>(done);
    while (next < pieces.size() && left >= pieces[next].iov_len) left -= pieces[next++].iov_len;
    if (left > 0) {
      pieces[next].iov_base = static_cast<char*>(pieces[next].iov_base) + left;
      pieces[next].iov_len -= left;
    }
  }
  return {};
}

Status Segment::Write(const std::vector<std::string_view>& parts) const {
  ByteCount size = 0;
  for (const std::string_view part : parts) size += part.size();
  Status put = Put(parts, size);
  // What came through counts on no budget. Where it cannot be cut, the next write lies
  // over it.
  if (!put && ftruncate(file_, static_cast<off_t>(end_)) != 0) return put;
  return put;
}

void Segment::Add(uint64_t position, size_t size) {
  table_.push_back({static_cast<uint32_t>(position - first_), static_cast<uint32_t>(end_)});
  end_ += size;
  bytes_ = end_;
}

bool Segment::CanHold(uint64_t position, ByteCount more) const {
  return position >= first_ && position - first_ <= kFarthest && end_ + more <= kFarthest;
}

std::string Segment::EncodeTable() const {
  std::string bytes;
  bytes.reserve(table_.size() * kEntryBytes + kTableEndBytes);
  for (const Entry& entry : table_) {
    PutLe32(bytes, entry.position);
    PutLe32(bytes, entry.offset);
  }
  PutLe32(bytes, kTableMagic);
  PutLe32(bytes, static_cast<uint32_t>(table_.size()));
  PutLe64(bytes, first_);
  PutLe64(bytes, end_);
  PutLe64(bytes, Xxh3(bytes, first_));
  return bytes;
}

Result<ByteCount> Segment::WriteTable() const {
  const std::string table = EncodeTable();
  // The table must be the end of the file, whatever a crash has left there.
  if (ftruncate(file_, static_cast<off_t>(end_)) != 0) return IoError(path_, errno);
  if (Status put = Put({table}, table.size()); !put) return Fail(std::move(put.error()));
  return table.size();
}

void Segment::Seal(ByteCount table_bytes) {
  sealed_ = true;
  table_.shrink_to_fit();
  bytes_ = end_ + table_bytes;
}

Status Segment::Unseal() {
  if (ftruncate(file_, static_cast<off_t>(end_)) != 0) return IoError(path_, errno);
  bytes_ = end_;
  sealed_ = false;
  return {};
}

Status Segment::Sync() const {
  if (faults_ != nullptr) {
    if (Status may = faults_->Before(path_, 0); !may) return may;
  }
  if (fdatasync(file_) != 0) return IoError(path_, errno);
  return {};
}

void Segment::Remove() {
  unlink(path_.c_str());
  if (faults_ != nullptr) faults_->Removed(bytes_);
}

std::optional<Segment::Place> Segment::Find(uint64_t position) const {
  if (position < first_ || position > last()) return std::nullopt;
  const auto wanted = static_cast<uint32_t>(position - first_);
  const auto at = std::lower_bound(
      table_.begin(), table_.end(), wanted,
      [](const Entry& entry, uint32_t position) { return entry.position < position; });
  if (at == table_.end() || at->position != wanted) return std::nullopt;
  const ByteCount next = at + 1 == table_.end() ? end_ : (at + 1)->offset;
  return Place{at->offset, static_cast<size_t>(next - at->offset),
               static_cast<size_t>(at - table_.begin())};
}

// --- memory

std::vector<Segment::Part> Segment::Take(Step step, ByteCount end) {
  std::vector<Part> parts;
  ByteCount& taken = taken_[static_cast<size_t>(step)];
  while (!this->taken(step)) {
    const ByteCount next_cut = (taken / kCut + 1) * kCut;
    const Part part{taken, sealed_ ? std::min(next_cut, bytes_) : next_cut};
    if (part.end > end) break;
    if (step == Step::kWriteBack) parts.push_back(part);
    if (step == Step::kLetGo) AddUnread(part, parts);
    taken = part.end;
  }
  if (this->taken(Step::kLetGo)) read_ = {};
  return parts;
}

void Segment::MarkRead(const Place& place) {
  if (taken(Step::kLetGo)) return;
  if (read_.size() <= place.number) read_.resize(table_.size());
  read_[place.number] = true;
}

void Segment::AddUnread(const Part& part, std::vector<Part>& parts) const {
  ByteCount begin = part.begin;
  const auto behind =
      std::upper_bound(table_.begin(), table_.end(), part.begin,
                       [](ByteCount offset, const Entry& entry) { return offset < entry.offset; });
  auto number = static_cast<size_t>(behind - table_.begin());
  if (number > 0) --number;
  for (; number < read_.size() && table_[number].offset < part.end; ++number) {
    if (!read_[number]) continue;
    if (table_[number].offset > begin) parts.push_back({begin, table_[number].offset});
    begin = number + 1 < table_.size() ? table_[number + 1].offset : end_;
  }
  if (begin < part.end) parts.push_back({begin, part.end});
}

void Segment::WriteBack(const Part& part) const {
  sync_file_range(file_, static_cast<off_t>(part.begin), static_cast<off_t>(part.end - part.begin),
                  SYNC_FILE_RANGE_WRITE);
}

Status Segment::LetGo(const Part& part) const {
  const auto at = static_cast<off_t>(part.begin);
  const auto size = static_cast<off_t>(part.end - part.begin);
  // Pages on their way to the disk would stay.
  const bool failed = sync_file_range(file_, at, size, SYNC_FILE_RANGE_WAIT_BEFORE) != 0;
  // Others say that this cannot be asked for here, and nothing of the disk.
  if (failed && (errno == EIO || errno == ENOSPC || errno == EDQUOT)) return IoError(path_, errno);
  posix_fadvise(file_, at, size, POSIX_FADV_DONTNEED);
  return {};
}

Result<Chunk> Segment::Read(const Place& place, bool wait) const {
  char* out = nullptr;
  Chunk chunk = Chunk::Uninitialized(place.size, &out);
  ssize_t got = 0;
  if (wait) {
    got = ReadAll(file_, out, place.size, place.offset);
  } else {
    const iovec piece{out, place.size};
    got = preadv2(file_, &piece, 1, static_cast<off_t>(place.offset), RWF_NOWAIT);
  }
  if (got == static_cast<ssize_t>(place.size)) return chunk;
  if (!wait) return Fail(Code::kUnavailable, Side::kStorage, {});
  if (got < 0) return IoError(path_, errno);
  return Fail(Code::kNotFound, Side::kStorage, path_ + " is shorter than it was");
}

}  // namespace skerry::cache::disk
