#include "core/gateway/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
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

// Does one of eight bytes have to be escaped: control bytes, above ASCII, " or \\ ?
bool NeedsEscape(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = kOnes * 0x80;
  // The high bit of each byte that is 0; borrows only come from bytes that are found anyway.
  const auto zeros = [](uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  const uint64_t controls = (eight - kOnes * 0x20) & ~eight & kHighs;
  return ((eight & kHighs) | controls | zeros(eight ^ kOnes * '"') | zeros(eight ^ kOnes * '\\') |
          zeros(eight ^ kOnes * 0x7f)) != 0;
}

bool NeedsEscape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
}

// A line as it is written. Formatting is most of what the log costs a hit, so it goes
// byte by byte into memory that a thread keeps.
class Line {
 public:
  explicit Line(std::string& memory)
      : memory_(memory), to_(memory.data()), end_(to_ + memory.size()) {}
  std::string_view view() const { return {memory_.data(), Size()}; }

  template <size_t kSize>
  void Literal(const char (&text)[kSize]) {
    memcpy(Room(kSize - 1), text, kSize - 1);
    to_ += kSize - 1;
  }
  void Text(std::string_view text) {
    memcpy(Room(text.size()), text.data(), text.size());
    to_ += text.size();
  }
  void Number(uint64_t number) {
    Room(20);
    to_ = std::to_chars(to_, to_ + 20, number).ptr;
  }
  // With three decimals.
  void Milliseconds(double milliseconds) {
    const auto micros = static_cast<uint64_t>(std::max(milliseconds, 0.0) * 1000 + 0.5);
    Number(micros / 1000);
    Decimals(micros % 1000);
  }
  void Time(WallTime time);
  void String(std::string_view text);

 private:
  size_t Size() const { return static_cast<size_t>(to_ - memory_.data()); }
  char* Room(size_t count) {
    if (static_cast<size_t>(end_ - to_) < count) Grow(count);
    return to_;
  }
  void Grow(size_t count) {
    const size_t size = Size();
    memory_.resize((size + count) * 2);
    to_ = memory_.data() + size;
    end_ = memory_.data() + memory_.size();
  }
  void Decimals(uint64_t thousandths) {
    const char digits[] = {'.', static_cast<char>('0' + thousandths / 100),
                           static_cast<char>('0' + thousandths / 10 % 10),
                           static_cast<char>('0' + thousandths % 10)};
    Text({digits, sizeof(digits)});
  }

  std::string& memory_;
  char* to_;
  char* end_;
};

void Line::Time(WallTime time) {
  struct Second {
    int64_t number = INT64_MIN;
    std::string text;  // without fraction and zone
  };
  thread_local Second last;
  const auto whole = std::chrono::floor<Seconds>(time);
  if (const int64_t number = whole.time_since_epoch().count(); number != last.number) {
    const std::string text = ToRfc3339(time);
    last = {number, text.substr(0, text.rfind('.'))};
  }
  Text(last.text);
  Decimals(static_cast<uint64_t>((time - whole).count()));
  Text("Z");
}

void AppendEscaped(char c, char*& to) {
  if (!NeedsEscape(c)) {
    *to++ = c;
  } else if (c == '"' || c == '\\') {
    *to++ = '\\';
    *to++ = c;
  } else {
    // Bytes above ASCII come from paths that are not UTF-8 by contract: keep the
    // line valid JSON whatever they are.
    constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    memcpy(to, "\\u00", 4);
    to[4] = kHex[byte >> 4];
    to[5] = kHex[byte & 15];
    to += 6;
  }
}

void Line::String(std::string_view text) {
  // Eight bytes are written at a time, also where fewer are left.
  char* to = Room(2 + 6 * text.size() + sizeof(uint64_t));
  *to++ = '"';
  while (!text.empty()) {
    uint64_t eight = 0x2020202020202020;
    const size_t count = std::min(text.size(), sizeof(eight));
    if (count == sizeof(eight)) {
      memcpy(&eight, text.data(), sizeof(eight));
    } else {
      memcpy(&eight, text.data(), count);
    }
    if (NeedsEscape(eight)) {
      for (const char c : text.substr(0, count)) AppendEscaped(c, to);
    } else {
      memcpy(to, &eight, sizeof(eight));
      to += count;
    }
    text.remove_prefix(count);
  }
  *to++ = '"';
  to_ = to;
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

void AppendAnswer(Line& line, const AccessRecord& record) {
  line.Literal(",\"answer\":{\"status\":");
  line.Number(static_cast<uint64_t>(record.answer_status));
  std::bitset<kOfAnswer.size()> said;
  const http::Fields& fields = *record.answer;
  for (auto at = fields.begin(); at != fields.end(); ++at) {
    const http::Field& field = *at;
    const auto* known = std::find(kOfAnswer.begin(), kOfAnswer.end(), field.name);
    if (known == kOfAnswer.end()) continue;
    const auto index = static_cast<size_t>(known - kOfAnswer.begin());
    if (said.test(index)) continue;
    said.set(index);
    line.Literal(",\"");
    line.Text(field.name);
    line.Literal("\":");
    if (field.name == "set-cookie") {
      line.String("");
      continue;
    }
    const bool again = std::any_of(std::next(at), fields.end(), [&](const http::Field& other) {
      return other.name == field.name;
    });
    line.String(again ? std::string_view(*fields.Combined(field.name)) : field.value);
  }
  line.Literal("}");
}

bool TellsPeopleApart(std::string_view name) {
  return !name.starts_with("accept") && name != "available-dictionary" && name != "user-agent";
}

// Lines "name: value" of VariantText as an object.
void AppendVariant(Line& line, std::string_view variant) {
  line.Literal(",\"variant\":{");
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
    if (!std::exchange(first, false)) line.Literal(",");
    line.String(name);
    line.Literal(":");
    line.String(value);
  }
  line.Literal("}");
}

void AppendForReplay(Line& line, const AccessRecord& record) {
  if (record.size) {
    line.Literal(",\"size\":");
    line.Number(*record.size);
  }
  if (record.answer != nullptr) AppendAnswer(line, record);
  if (!record.variant.empty()) AppendVariant(line, record.variant);
  if (!record.range.empty()) {
    line.Literal(",\"range\":");
    line.String(record.range);
  }
  if (record.authorized) line.Literal(",\"authorized\":true");
  if (record.personal) line.Literal(",\"personal\":true");
}

void AppendBegin(Line& line, WallTime time, std::string_view peer, std::string_view protocol) {
  // Lines of one client often come together.
  struct Client {
    std::string peer;
    std::string protocol;
    std::string text;
  };
  thread_local Client last;
  if (peer != last.peer || protocol != last.protocol || last.text.empty()) {
    std::string memory;
    Line text(memory);
    text.Literal("\",\"peer\":");
    text.String(peer);
    text.Literal(",\"protocol\":");
    text.String(protocol);
    last = {std::string(peer), std::string(protocol), std::string(text.view())};
  }
  line.Literal("{\"time\":\"");
  line.Time(time);
  line.Text(last.text);
}

void AppendBeforeBytes(Line& line, const AccessRecord& record) {
  line.Literal(",\"method\":");
  line.String(record.method);
  line.Literal(",\"scheme\":");
  line.String(record.scheme);
  line.Literal(",\"host\":");
  line.String(record.authority);
  line.Literal(",\"path\":");
  line.String(record.path);
  line.Literal(",\"site\":");
  line.String(record.site);
  if (!record.rule.empty()) {
    line.Literal(",\"rule\":");
    line.String(record.rule);
  }
  if (!record.place.empty()) {
    line.Literal(",\"rule_at\":");
    line.String(record.place);
  }
  line.Literal(",\"status\":");
  line.Number(static_cast<uint64_t>(record.status));
}

void AppendBytes(Line& line, uint64_t bytes, double milliseconds) {
  line.Literal(",\"bytes\":");
  line.Number(bytes);
  line.Literal(",\"ms\":");
  line.Milliseconds(milliseconds);
}

void AppendBeforeComplete(Line& line, const AccessRecord& record) {
  line.Literal(",\"cache\":");
  line.String(record.cache_status);
  line.Literal(",\"step\":");
  line.String(record.step);
}

void AppendComplete(Line& line, bool complete) {
  line.Literal(",\"complete\":");
  line.Text(complete ? "true" : "false");
}

// All but the end of the object.
void AppendRecord(Line& line, const AccessRecord& record) {
  AppendBegin(line, record.time, record.peer, record.protocol);
  AppendBeforeBytes(line, record);
  AppendBytes(line, record.bytes, record.milliseconds);
  AppendBeforeComplete(line, record);
  AppendComplete(line, record.complete);
  AppendForReplay(line, record);
}

constexpr std::string_view kEnd = "}\n";

std::string EndOf(uint64_t dropped) {
  return ",\"dropped\":" + std::to_string(dropped) + std::string(kEnd);
}

}  // namespace

std::string ToJsonLine(const AccessRecord& record, uint64_t dropped) {
  std::string memory;
  Line line(memory);
  AppendRecord(line, record);
  return std::string(line.view()) + (dropped == 0 ? std::string(kEnd) : EndOf(dropped));
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

AccessLine::AccessLine(const AccessRecord& same) {
  std::string memory;
  Line line(memory);
  AppendBeforeBytes(line, same);
  bytes_at_ = line.view().size();
  AppendBeforeComplete(line, same);
  complete_at_ = line.view().size();
  AppendForReplay(line, same);
  text_ = line.view();
}

void AccessLog::Write(const AccessRecord& record) {
  thread_local std::string memory;
  Line line(memory);
  AppendRecord(line, record);
  line.Text(kEnd);
  Gather(line.view());
}

void AccessLog::Write(const AccessLine& same, const AccessLine::Own& own) {
  thread_local std::string memory;
  Line line(memory);
  const std::string_view text = same.text_;
  AppendBegin(line, own.time, own.peer, own.protocol);
  line.Text(text.substr(0, same.bytes_at_));
  AppendBytes(line, own.bytes, own.milliseconds);
  line.Text(text.substr(same.bytes_at_, same.complete_at_ - same.bytes_at_));
  AppendComplete(line, own.complete);
  line.Text(text.substr(same.complete_at_));
  line.Text(kEnd);
  Gather(line.view());
}

void AccessLog::Gather(std::string_view line) {
  bool wake = false;
  {
    MutexLock lock(state_->mutex);
    std::string& gathered = state_->gathered;
    if (gathered.size() > kMostGathered) {
      ++state_->dropped;
      return;
    }
    const size_t before = gathered.size();
    if (state_->dropped == 0) {
      gathered.append(line);
    } else {
      line.remove_suffix(kEnd.size());
      gathered.append(line).append(EndOf(std::exchange(state_->dropped, 0)));
    }
    wake = before < kWriteAt && gathered.size() >= kWriteAt;
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
