#include "core/cache/disk/disk_harness.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/base/random.h"

namespace skerry::cache::disk {

TempDirectory::TempDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "skerry-disk-XXXXXX").string();
  SKERRY_CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WaitingLoop::Post(Task task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  // With the lock held: the loop may die as soon as its waiter has the task.
  posted_.notify_one();
}

void WaitingLoop::RunOne() {
  Task task;
  {
    std::unique_lock lock(mutex_);
    posted_.wait(lock, [&] { return !tasks_.empty(); });
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
}

std::string BodyOf(std::string_view name, uint64_t version, size_t size) {
  SeededRandom random(Xxh3(name, version));
  std::string body(size, '\0');
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t word = random.Next();
    for (size_t j = i; j < std::min(size, i + 8); ++j) {
      body[j] = static_cast<char>(word >> (8 * (j - i)));
    }
  }
  return body;
}

EntryPtr MakeEntry(const EntrySpec& spec) {
  auto entry = std::make_shared<Entry>();
  StoredHead& head = entry->head;
  head.key = Key::Of(spec.url);
  http::Fields fields{{"content-type", "application/javascript"},
                      {"cache-control", "public, max-age=3600"},
                      {"etag", "\"" + std::to_string(spec.version) + "\""},
                      {"date", "Sat, 21 Nov 2026 12:00:00 GMT"},
                      {"x-version", std::to_string(spec.version)}};
  if (!spec.variant.empty()) {
    fields.Add("vary", "accept-encoding");
    head.vary = ParseVary(fields);
    const http::Fields request{{"accept-encoding", spec.variant}};
    head.variant_text = VariantText(head.vary, request);
    head.variant_hash = VariantHash(head.vary, request);
  }
  head.status = 200;
  head.fields = std::make_shared<const http::Fields>(fields);
  fields.Remove("x-version");
  head.client_fields = std::make_shared<const http::Fields>(fields);
  head.response_time = WallTime(Seconds(1'700'000'000));
  head.request_time = head.response_time - Millis(20);
  head.lifetimes.fresh = Seconds(3600);
  head.tags = {1, 2, 3};
  head.stamp.seq = spec.seq;
  entry->body_size = spec.body.size();
  for (size_t at = 0; at < spec.body.size(); at += kChunkBytes) {
    entry->chunks.push_back(Chunk::Copy(std::string_view(spec.body).substr(at, kChunkBytes)));
  }
  return entry;
}

bool Offer(Disk& disk, const EntryPtr& entry, bool seen_before, std::function<bool()> valid) {
  const std::unique_ptr<DiskFill> fill = disk.Begin(entry->head, entry->body_size, seen_before);
  if (fill == nullptr) return false;
  for (const Chunk& chunk : entry->chunks) fill->Append(chunk);
  fill->Commit(entry->body_size, entry->trailers, std::move(valid));
  return true;
}

namespace {

// Starts something that answers on a loop, and waits for the answer.
template <class T, class Start>
Result<T> Await(Start start) {
  WaitingLoop loop;
  Result<T> answer;
  bool answered = false;
  start(loop, [&](Result<T> value) {
    answer = std::move(value);
    answered = true;
  });
  while (!answered) loop.RunOne();
  return answer;
}

}  // namespace

Result<EntryPtr> Load(Disk& disk, const DiskRow& row, const Key& key) {
  return Await<EntryPtr>(
      [&](net::Loop& loop, Disk::OnEntry done) { disk.Load(row, key, loop, std::move(done)); });
}

Result<EntryPtr> Peek(Disk& disk, const DiskRow& row, const Key& key) {
  return Await<EntryPtr>(
      [&](net::Loop& loop, Disk::OnEntry done) { disk.Peek(row, key, loop, std::move(done)); });
}

Result<std::string> ReadBody(Disk& disk, const EntryPtr& entry) {
  std::string body;
  for (const Chunk& chunk : entry->chunks) body += chunk.view();
  for (size_t i = entry->chunks.size(); i < entry->extents.positions.size(); ++i) {
    if (i == 0) continue;  // an empty body
    const Result<Chunk> chunk = Await<Chunk>([&](net::Loop& loop, Disk::OnChunk done) {
      disk.ReadChunk(entry->extents, i, loop, std::move(done));
    });
    if (!chunk) return skerry::Fail(Error(chunk.error()));
    body += chunk->view();
  }
  return body;
}

Result<EntryPtr> Get(Disk& disk, const std::string& url) {
  const Key key = Key::Of(url);
  const std::vector<DiskRow> rows = disk.Find(key.hash);
  if (rows.empty()) return skerry::Fail(Code::kNotFound, Side::kStorage, "no row of " + url);
  return Load(disk, rows.front(), key);
}

bool Eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

bool Settled(Disk& disk, uint64_t objects) {
  return Eventually([&] { return disk.stats().objects == objects; });
}

}  // namespace skerry::cache::disk
