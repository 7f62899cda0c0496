#include "core/cache/vary.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <utility>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/http/accept.h"
#include "core/http/vary.h"

namespace skerry::cache {
namespace {

constexpr uint64_t kVariantSeed = 0x56617279;  // "Vary"

// The members of a list, without blanks around them; commas inside quoted strings
// do not separate, empty members are none (RFC 9110 5.6.1).
std::vector<std::string_view> Members(std::string_view list) {
  std::vector<std::string_view> members;
  bool quoted = false;
  size_t begin = 0;
  const auto end_member = [&](size_t end) {
    const std::string_view member = http::TrimBlanks(list.substr(begin, end - begin));
    if (!member.empty()) members.push_back(member);
    begin = end + 1;
  };
  for (size_t i = 0; i < list.size(); ++i) {
    if (quoted && list[i] == '\\') {
      ++i;
    } else if (list[i] == '"') {
      quoted = !quoted;
    } else if (list[i] == ',' && !quoted) {
      end_member(i);
    }
  }
  end_member(list.size());
  return members;
}

std::string VariantLine(std::string_view name, const http::Fields& request) {
  std::string line(name);
  if (request.Has(name)) {
    line += ": ";
    line += NormalizeVaryValue(name, request);
  }
  line += '\n';
  return line;
}

// Lists that origins send, by number. Full, it answers with the list that never
// matches: such responses are not found again, and memory stays bounded.
class VaryTable {
 public:
  static constexpr VaryId kEmpty = 0;
  static constexpr VaryId kAny = 1;
  static constexpr size_t kLists = 4096;

  VaryTable() {
    SKERRY_CHECK(Add(VaryNames{}) == kEmpty);
    SKERRY_CHECK(Add(VaryNames{.names = {}, .any = true}) == kAny);
  }

  VaryId Add(const VaryNames& names) {
    MutexLock lock(mutex_);
    const auto [at, added] = ids_.try_emplace({names.any, names.names}, size_);
    if (!added) return at->second;
    if (size_ == kLists) {
      ids_.erase(at);
      return kAny;
    }
    lists_[size_].store(new VaryNames(names), std::memory_order_release);
    return size_++;
  }

  const VaryNames& At(VaryId id) const {
    SKERRY_CHECK(id < kLists);
    const VaryNames* names = lists_[id].load(std::memory_order_acquire);
    SKERRY_CHECK(names != nullptr);
    return *names;
  }

  // One for the process, never destroyed: readers may outlive static destruction.
  static VaryTable& Instance() {
    static VaryTable* table = new VaryTable;
    return *table;
  }

 private:
  Mutex mutex_;
  std::map<std::pair<bool, std::vector<std::string>>, VaryId> ids_ SKERRY_GUARDED_BY(mutex_);
  VaryId size_ SKERRY_GUARDED_BY(mutex_) = 0;
  std::array<std::atomic<const VaryNames*>, kLists> lists_{};  // written once each
};

}  // namespace

VaryNames ParseVary(const http::Fields& response) {
  http::Vary vary = http::ParseVary(response);
  return {.names = std::move(vary.names), .any = vary.any};
}

std::string NormalizeVaryValue(std::string_view name, const http::Fields& request) {
  if (name == "accept-language") return http::FormatLanguages(http::ParseAcceptLanguage(request));
  const std::string list = request.Combined(name).value_or("");
  std::string folded;
  for (std::string_view member : Members(list)) {
    if (!folded.empty()) folded += ", ";
    folded += member;
  }
  return name == "accept-encoding" ? http::AsciiLower(folded) : folded;
}

std::string VariantText(const VaryNames& names, const http::Fields& request) {
  std::string text;
  for (const std::string& name : names.names) text += VariantLine(name, request);
  return text;
}

uint64_t VariantHash(const VaryNames& names, const http::Fields& request) {
  if (names.empty()) return 0;
  // "*" matches nothing, so any number but 0 does.
  const uint64_t hash = Xxh3(VariantText(names, request), kVariantSeed);
  return hash == 0 ? 1 : hash;
}

VaryId InternVary(const VaryNames& names) { return VaryTable::Instance().Add(names); }

const VaryNames& InternedVary(VaryId id) { return VaryTable::Instance().At(id); }

}  // namespace skerry::cache
