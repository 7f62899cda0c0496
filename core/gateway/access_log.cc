#include "core/gateway/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/thread.h"

namespace skerry::gateway {
namespace {

constexpr size_t kMostGathered = 16 << 20;  // bytes; beyond that lines are dropped
constexpr size_t kWriteAt = 256 << 10;

void AppendJsonString(std::string& line, std::string_view text) {
  line.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Bytes above ASCII come from paths that are not UTF-8 by contract: keep the
      // line valid JSON whatever they are.
      char escape[7];
      std::snprintf(escape, sizeof(escape), "\\u%04x", byte);
      line.append(escape);
    } else {
      line.push_back(c);
    }
  }
  line.push_back('"');
}

void AppendMember(std::string& line, std::string_view name, std::string_view text) {
  line.append(",\"").append(name).append("\":");
  AppendJsonString(line, text);
}

// What decides about storing and freshness (core/cache/freshness.h) and what a
// stored response is compared by.
constexpr std::array<std::string_view, 13> kOfAnswer = {"age",
                                                        "cache-control",
                                                        "cdn-cache-control",
                                                        "content-encoding",
                                                        "content-type",
                                                        "date",
                                                        "etag",
                                                        "expires",
                                                        "last-modified",
                                                        "set-cookie",
                                                        "no-vary-search",
                                                        "vary",
                                                        "skerry-cache-control"};

void AppendAnswer(std::string& line, const AccessRecord& record) {
  line.append(",\"answer\":{\"status\":").append(std::to_string(record.answer_status));
  for (const std::string_view name : kOfAnswer) {
    const auto value = record.answer->Combined(name);
    if (!value) continue;
    AppendMember(line, name, name == "set-cookie" ? std::string_view() : *value);
  }
  line.push_back('}');
}

bool TellsPeopleApart(std::string_view name) {
  return !name.starts_with("accept") && name != "available-dictionary" && name != "user-agent";
}

// Lines "name: value" of VariantText as an object.
void AppendVariant(std::string& line, std::string_view variant) {
  line.append(",\"variant\":{");
  bool first = true;
  while (!variant.empty()) {
    const size_t end = std::min(variant.find('\n'), variant.size());
    const std::string_view one = variant.substr(0, end);
    variant.remove_prefix(std::min(end + 1, variant.size()));
    const size_t colon = one.find(": ");
    if (colon == one.npos) continue;  // the request did not have it
    const std::string_view name = one.substr(0, colon);
    std::string value(one.substr(colon + 2));
    if (TellsPeopleApart(name)) value = "#" + std::to_string(Xxh3(value));
    if (!std::exchange(first, false)) line.push_back(',');
    AppendJsonString(line, name);
    line.push_back(':');
    AppendJsonString(line, value);
  }
  line.push_back('}');
}

void AppendForReplay(std::string& line, const AccessRecord& record) {
  if (record.size) line.append(",\"size\":").append(std::to_string(*record.size));
  if (record.answer != nullptr) AppendAnswer(line, record);
  if (!record.variant.empty()) AppendVariant(line, record.variant);
  if (!record.range.empty()) AppendMember(line, "range", record.range);
  if (record.authorized) line.append(",\"authorized\":true");
  if (record.personal) line.append(",\"personal\":true");
}

}  // namespace

std::string ToJsonLine(const AccessRecord& record, uint64_t dropped) {
  std::string line = "{\"time\":\"";
  line.reserve(320 + record.path.size());
  line.append(ToRfc3339(record.time));
  line.push_back('"');
  AppendMember(line, "peer", record.peer);
  AppendMember(line, "protocol", record.protocol);
  AppendMember(line, "method", record.method);
  AppendMember(line, "scheme", record.scheme);
  AppendMember(line, "host", record.authority);
  AppendMember(line, "path", record.path);
  AppendMember(line, "site", record.site);
  line.append(",\"status\":").append(std::to_string(record.status));
  line.append(",\"bytes\":").append(std::to_string(record.bytes));
  char ms[32];
  std::snprintf(ms, sizeof(ms), ",\"ms\":%.3f", record.milliseconds);
  line.append(ms);
  AppendMember(line, "cache", record.cache_status);
  AppendMember(line, "step", record.step);
  line.append(record.complete ? ",\"complete\":true" : ",\"complete\":false");
  AppendForReplay(line, record);
  if (dropped > 0) line.append(",\"dropped\":").append(std::to_string(dropped));
  line.append("}\n");
  return line;
}

struct AccessLog::State {
  std::string path;
  int file = -1;
  Mutex mutex;
  ConditionVariable changed;
  std::string gathered SKERRY_GUARDED_BY(mutex);
  uint64_t dropped SKERRY_GUARDED_BY(mutex) = 0;
  bool ending SKERRY_GUARDED_BY(mutex) = false;
  bool reopen SKERRY_GUARDED_BY(mutex) = false;
  std::thread thread;

  static int OpenFile(const std::string& path) {
    return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  }

  void WriteOut(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(file, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      // A full disk loses lines, never requests.
      if (written <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

  void Run() {
    NameThisThread("access-log");
    std::string writing;
    bool last = false;
    while (!last) {
      bool open_anew = false;
      {
        MutexLock lock(mutex);
        if (!ending && !reopen && gathered.size() < kWriteAt) {
          changed.WaitFor(mutex, std::chrono::seconds(1));
        }
        writing.swap(gathered);
        open_anew = std::exchange(reopen, false);
        last = ending;
      }
      WriteOut(writing);
      writing.clear();
      if (!open_anew) continue;
      const int fresh = OpenFile(path);
      if (fresh >= 0) close(std::exchange(file, fresh));
    }
  }
};

AccessLog::AccessLog(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

AccessLog::~AccessLog() {
  {
    MutexLock lock(state_->mutex);
    state_->ending = true;
  }
  state_->changed.NotifyAll();
  state_->thread.join();
  close(state_->file);
}

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& file) {
  auto state = std::make_unique<State>();
  state->path = file;
  state->file = State::OpenFile(file);
  if (state->file < 0) {
    return skerry::Fail(Code::kIo, Side::kConfig,
                        "cannot open access log " + file + ": " + std::strerror(errno));
  }
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(state)));
}

void AccessLog::Write(const AccessRecord& record) {
  // Formatted outside the lock; only a counter of drops is needed from inside.
  uint64_t dropped = 0;
  {
    MutexLock lock(state_->mutex);
    if (state_->gathered.size() > kMostGathered) {
      ++state_->dropped;
      return;
    }
    dropped = std::exchange(state_->dropped, 0);
  }
  const std::string line = ToJsonLine(record, dropped);
  bool wake = false;
  {
    MutexLock lock(state_->mutex);
    wake = state_->gathered.size() < kWriteAt && state_->gathered.size() + line.size() >= kWriteAt;
    state_->gathered.append(line);
  }
  if (wake) state_->changed.NotifyOne();
}

Status AccessLog::Reopen() {
  MutexLock lock(state_->mutex);
  state_->reopen = true;
  state_->changed.NotifyOne();
  return {};
}

}  // namespace skerry::gateway
