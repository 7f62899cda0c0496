#include "core/cache/disk/body_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/log.h"

namespace skerry::cache::disk {
namespace {

// So many full segments may wait for the disk before the writer waits with them.
constexpr size_t kUnsyncedAtMost = 4;

// Writing to the disk begins when so much has come behind it.
constexpr ByteCount kUnwritten = 4_MiB;

tl::unexpected<Error> Closed() {
  return Fail(Error{Code::kUnavailable, Side::kStorage, true, "the body log is closed"});
}

ByteCount SizeOf(const BodyLog::Record& record) {
  ByteCount size = 0;
  for (const std::string_view part : record.parts) size += part.size();
  return size;
}

void SyncDirectory(const std::string& path) {
  const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  fsync(directory);
  close(directory);
}

}  // namespace

bool BodyLog::is_open() const {
  MutexLock lock(mutex_);
  return open_;
}

Status BodyLog::Open() {
  MutexLock writing(writing_);
  Result<std::vector<SegmentPtr>> segments = OpenSegments();
  if (!segments) return Fail(std::move(segments.error()));
  for (const SegmentPtr& segment : *segments) {
    const bool last = segment == segments->back();
    if (last && segment->end() < options_.segment_bytes / 2) {
      GoOnIn(segment);
    } else if (!segment->sealed()) {
      Seal(segment);
    }
  }
  MutexLock lock(mutex_);
  segments_ = *std::move(segments);
  unsynced_.clear();
  open_ = true;
  Count();
  return {};
}

Result<std::vector<BodyLog::SegmentPtr>> BodyLog::OpenSegments() const {
  std::vector<SegmentPtr> segments;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, error)) {
    const std::optional<uint64_t> first = Segment::FirstOf(entry.path().filename().string());
    if (!first) continue;
    Result<SegmentPtr> segment = Segment::Open(entry.path().string(), *first, options_.faults);
    if (!segment && segment.error().code == Code::kUnavailable) {
      return Fail(std::move(segment.error()));
    }
    if (segment && *segment != nullptr) {
      segments.push_back(*std::move(segment));
      continue;
    }
    LogWarning("disk: a file of bodies holds nothing that can be read; it was removed",
               {{"file", entry.path().string()},
                {"error", segment ? std::string("no whole chunk") : segment.error().ToString()}});
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
  if (error) return Fail(Code::kIo, Side::kStorage, options_.directory + ": " + error.message());
  std::sort(segments.begin(), segments.end(),
            [](const SegmentPtr& a, const SegmentPtr& b) { return a->first() < b->first(); });
  return segments;
}

// Short runs of the program would leave a small file each.
void BodyLog::GoOnIn(const SegmentPtr& segment) {
  if (segment->Unseal()) active_ = segment;
}

void BodyLog::Seal(const SegmentPtr& segment) {
  const Result<ByteCount> table = segment->WriteTable();
  if (table) written_.fetch_add(*table, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  // Without a table the next process reads the file whole.
  segment->Seal(table ? *table : 0);
  if (table && open_) AddUnsynced(segment, *table);
  Count();
}

void BodyLog::Close() {
  MutexLock writing(writing_);
  if (const SegmentPtr active = std::exchange(active_, nullptr)) Seal(active);
  MutexLock lock(mutex_);
  segments_.clear();
  unsynced_.clear();
  open_ = false;
  Count();
}

void BodyLog::Restart() {
  MutexLock writing(writing_);
  if (const SegmentPtr active = std::exchange(active_, nullptr)) Seal(active);
}

Status BodyLog::Failed(Status status) const {
  if (!status) options_.failed(status.error());
  return status;
}

void BodyLog::Count() {
  ByteCount unflushed = 0, bytes = 0;
  for (const Unsynced& unsynced : unsynced_) unflushed += unsynced.bytes;
  for (const SegmentPtr& segment : segments_) bytes += segment->bytes();
  unflushed_.store(unflushed, std::memory_order_relaxed);
  bytes_.store(bytes, std::memory_order_relaxed);
}

// --- writing

Status BodyLog::Append(const std::vector<Record>& records) {
  MutexLock writing(writing_);
  for (size_t begin = 0; begin < records.size();) {
    if (Status room = MakeRoomFor(records[begin]); !room) return room;
    size_t end = begin + 1;
    ByteCount bytes = SizeOf(records[begin]);
    while (end < records.size() && Fits(records[end], bytes)) bytes += SizeOf(records[end++]);
    if (Status written = Write(records.data() + begin, records.data() + end, bytes); !written)
      return written;
    begin = end;
  }
  return {};
}

Status BodyLog::Write(const Record* begin, const Record* end, ByteCount bytes) {
  std::vector<std::string_view> parts;
  parts.reserve(static_cast<size_t>(end - begin) * 3);
  for (const Record* record = begin; record != end; ++record) {
    parts.insert(parts.end(), record->parts.begin(), record->parts.end());
  }
  const SegmentPtr segment = active_;
  if (Status written = segment->Write(parts); !written) return Failed(std::move(written));
  MutexLock lock(mutex_);
  written_.fetch_add(bytes, std::memory_order_relaxed);
  unflushed_.fetch_add(bytes, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  for (const Record* record = begin; record != end; ++record) {
    segment->Add(record->position, SizeOf(*record));
  }
  AddUnsynced(segment, bytes);
  return {};
}

bool BodyLog::Fits(const Record& record, ByteCount behind) const {
  const ByteCount more = behind + SizeOf(record);
  const bool fits = active_->empty() ? behind == 0 || more <= options_.segment_bytes
                                     : active_->end() + more <= options_.segment_bytes;
  return fits && active_->CanHold(record.position, more);
}

Status BodyLog::MakeRoomFor(const Record& record) {
  if (!is_open()) return Closed();
  if (active_ != nullptr) {
    if (Fits(record, 0)) return {};
    Seal(std::exchange(active_, nullptr));
    options_.filled();
  }
  std::vector<Unsynced> full = UnsyncedAndFull();
  while (full.size() > kUnsyncedAtMost) {
    if (Status synced = Sync({full.front()}); !synced) return synced;
    full.erase(full.begin());
  }
  return Begin(record.position);
}

Status BodyLog::Begin(uint64_t position) {
  Result<SegmentPtr> made = Segment::Create(options_.directory, position, options_.faults);
  if (!made) return Failed(Fail(std::move(made.error())));
  directory_changed_.store(true);
  active_ = *std::move(made);
  MutexLock lock(mutex_);
  segments_.push_back(active_);
  return {};
}

void BodyLog::AddUnsynced(const SegmentPtr& segment, ByteCount bytes) {
  if (unsynced_.empty() || unsynced_.back().segment != segment) unsynced_.push_back({segment, 0});
  unsynced_.back().bytes += bytes;
}

Status BodyLog::Sync(const std::vector<Unsynced>& segments) {
  for (const Unsynced& unsynced : segments) {
    if (Status synced = unsynced.segment->Sync(); !synced) return Failed(std::move(synced));
  }
  if (directory_changed_.exchange(false)) SyncDirectory(options_.directory);
  MutexLock lock(mutex_);
  for (const Unsynced& synced : segments) {
    for (Unsynced& there : unsynced_) {
      if (there.segment == synced.segment) there.bytes -= std::min(there.bytes, synced.bytes);
    }
  }
  std::erase_if(unsynced_, [](const Unsynced& unsynced) { return unsynced.bytes == 0; });
  Count();
  return {};
}

Status BodyLog::Flush() {
  std::vector<Unsynced> all;
  {
    MutexLock lock(mutex_);
    if (!open_) return Closed();
    all = unsynced_;
  }
  return Sync(all);
}

std::vector<BodyLog::Unsynced> BodyLog::UnsyncedAndFull() const {
  MutexLock lock(mutex_);
  std::vector<Unsynced> full;
  for (const Unsynced& unsynced : unsynced_) {
    if (unsynced.segment->sealed()) full.push_back(unsynced);
  }
  return full;
}

Status BodyLog::FlushFull() { return Sync(UnsyncedAndFull()); }

// --- reading

std::optional<BodyLog::Found> BodyLog::Find(uint64_t position, bool reads) const {
  MutexLock lock(mutex_);
  const auto behind = std::upper_bound(
      segments_.begin(), segments_.end(), position,
      [](uint64_t wanted, const SegmentPtr& segment) { return wanted < segment->first(); });
  if (behind == segments_.begin()) return std::nullopt;
  const SegmentPtr& segment = *std::prev(behind);
  const std::optional<Segment::Place> place = segment->Find(position);
  if (!place) return std::nullopt;
  if (reads) segment->MarkRead(*place);
  return Found{segment, *place};
}

bool BodyLog::Has(uint64_t position) const { return Find(position, /*reads=*/false).has_value(); }

Result<Chunk> BodyLog::Read(uint64_t position) const {
  const std::optional<Found> found = Find(position, /*reads=*/true);
  if (found) return found->segment->Read(found->place, /*wait=*/true);
  if (!is_open()) return Closed();
  return Fail(Code::kNotFound, Side::kStorage, "no such position");
}

std::optional<Chunk> BodyLog::TryRead(uint64_t position) const {
  const std::optional<Found> found = Find(position, /*reads=*/true);
  if (!found) return std::nullopt;
  Result<Chunk> chunk = found->segment->Read(found->place, /*wait=*/false);
  if (!chunk) return std::nullopt;
  return *std::move(chunk);
}

// --- memory

std::vector<BodyLog::Behind> BodyLog::TakeBehind(ByteCount window, Segment::Step step) {
  std::vector<Behind> all;
  ByteCount behind = 0;
  MutexLock lock(mutex_);
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const ByteCount near = window - std::min(window, behind);
    const ByteCount bytes = (*segment)->bytes();
    behind += bytes;
    if (bytes <= near) continue;
    if ((*segment)->taken(step)) break;  // and all that are older
    all.push_back({*segment, (*segment)->Take(step, bytes - near)});
  }
  return all;
}

Status BodyLog::LetGo() {
  for (const Behind& behind : TakeBehind(kUnwritten, Segment::Step::kWriteBack)) {
    for (const Segment::Part& part : behind.parts) behind.segment->WriteBack(part);
  }
  for (const Behind& behind : TakeBehind(options_.in_memory, Segment::Step::kLetGo)) {
    for (const Segment::Part& part : behind.parts) {
      if (Status gone = behind.segment->LetGo(part); !gone) return Failed(std::move(gone));
    }
  }
  return {};
}

// --- files

std::vector<BodyLog::File> BodyLog::Files() const {
  std::vector<File> files;
  MutexLock lock(mutex_);
  files.reserve(segments_.size());
  for (const SegmentPtr& segment : segments_) {
    files.push_back({Segment::NameFor(segment->first()),
                     {segment->first(), segment->last()},
                     segment->bytes(),
                     segment->sealed()});
  }
  return files;
}

ByteCount BodyLog::DropBefore(uint64_t position,
                              const std::function<bool(const PositionRange&)>& keep) {
  std::set<uint64_t> going;
  for (const File& file : Files()) {
    if (file.settled && file.range.last < position && !keep(file.range)) {
      going.insert(file.range.first);
    }
  }
  if (going.empty()) return 0;
  std::vector<SegmentPtr> dropped;
  {
    MutexLock lock(mutex_);
    for (const SegmentPtr& segment : segments_) {
      if (going.contains(segment->first())) dropped.push_back(segment);
    }
    const auto goes = [&](const SegmentPtr& segment) { return going.contains(segment->first()); };
    std::erase_if(segments_, goes);
    std::erase_if(unsynced_, [&](const Unsynced& unsynced) { return goes(unsynced.segment); });
    Count();
  }
  ByteCount bytes = 0;
  for (const SegmentPtr& segment : dropped) {
    segment->Remove();
    bytes += segment->bytes();
  }
  return bytes;
}

}  // namespace skerry::cache::disk
