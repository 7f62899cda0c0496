// Manifest::FromJson.
#include <algorithm>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <unordered_set>

#include "core/asset/manifest.h"
#include "core/asset/site_path.h"

namespace skerry::asset {
namespace {

using Json = nlohmann::json;

constexpr ByteCount kLargestSize = (ByteCount{1} << 53) - 1;  // exact in every JSON reader
constexpr uint64_t kWidestImage = 1u << 20;
constexpr size_t kDeepestNesting = 16;

tl::unexpected<Error> Bad(const std::string& where, const std::string& what) {
  return Fail(Code::kInvalid, Side::kClient, where + ": " + what);
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMost = 80;
  return "\"" + std::string(text.substr(0, kMost)) + (text.size() > kMost ? "…\"" : "\"");
}

std::string At(const std::string& where, size_t index) {
  return where + "[" + std::to_string(index) + "]";
}

std::string LineAndColumn(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n') + 1;  // 0 when there is none
  return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - start + 1);
}

// One object whose members are taken by name; what is left over is unknown.
class Members {
 public:
  Members(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  const Json* Take(const char* name) {
    taken_.insert(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  const std::string& where() const { return where_; }
  std::string Of(const char* name) const {
    return where_ == "manifest" ? name : where_ + "." + name;
  }

  Status NothingElse() const {
    for (const auto& [name, value] : json_.items()) {
      if (!taken_.contains(name)) {
        return Bad(where_,
                   "unknown member " + Quoted(name) + "; manifests of version 1 do not have it");
      }
    }
    return {};
  }

 private:
  const Json& json_;
  std::string where_;
  std::set<std::string, std::less<>> taken_;
};

Status TakeText(Members& from, const char* name, bool required, std::string& to) {
  const Json* value = from.Take(name);
  if (value == nullptr) {
    if (required) return Bad(from.where(), std::string("member \"") + name + "\" is missing");
    return {};
  }
  if (!value->is_string()) return Bad(from.Of(name), "is not a string");
  to = value->get_ref<const std::string&>();
  if (to.empty()) return Bad(from.Of(name), "is empty");
  return {};
}

Status TakeNumber(Members& from, const char* name, bool required, uint64_t most, uint64_t& to) {
  const Json* value = from.Take(name);
  if (value == nullptr) {
    if (required) return Bad(from.where(), std::string("member \"") + name + "\" is missing");
    return {};
  }
  if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
    return Bad(from.Of(name), "is not a whole number from 0 to " + std::to_string(most));
  }
  to = value->get<uint64_t>();
  return {};
}

Status TakeDigest(Members& from, const char* name, Sha256Digest& to) {
  std::string hex;
  if (Status ok = TakeText(from, name, true, hex); !ok) return ok;
  const std::optional<Sha256Digest> digest = Sha256Digest::FromHex(hex);
  if (!digest) return Bad(from.Of(name), Quoted(hex) + " is not 64 lower-case hex digits");
  to = *digest;
  return {};
}

Status TakePath(Members& from, const char* name, bool required, std::string& to) {
  if (Status ok = TakeText(from, name, required, to); !ok || to.empty()) return ok;
  if (const std::string_view fault = WhyNotSitePath(to); !fault.empty()) {
    return Bad(from.Of(name), Quoted(to) + " " + std::string(fault));
  }
  return {};
}

bool IsMediaType(std::string_view type) {
  const size_t slash = type.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == type.size()) return false;
  constexpr std::string_view kToken =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&^_.+-";
  return type.size() <= 255 &&
         type.substr(0, slash).find_first_not_of(kToken) == std::string_view::npos &&
         type.substr(slash + 1).find_first_not_of(kToken) == std::string_view::npos;
}

Status TakeType(Members& from, std::string& to) {
  if (Status ok = TakeText(from, "type", true, to); !ok) return ok;
  if (!IsMediaType(to)) {
    return Bad(from.Of("type"), Quoted(to) + " is not a media type without parameters");
  }
  return {};
}

Status TakeCache(Members& from, CacheClass& to) {
  std::string word;
  if (Status ok = TakeText(from, "cache", true, word); !ok) return ok;
  for (const CacheClass cache :
       {CacheClass::kImmutable, CacheClass::kPage, CacheClass::kAsset, CacheClass::kRevalidate}) {
    if (word == Name(cache)) {
      to = cache;
      return {};
    }
  }
  return Bad(from.Of("cache"), Quoted(word) + " is not immutable, page, asset or revalidate");
}

Status TakePixels(Members& from, const char* name, bool required, uint32_t& to) {
  uint64_t value = 0;
  Status ok = TakeNumber(from, name, required, kWidestImage, value);
  if (ok && required && value == 0) return Bad(from.Of(name), "is 0");
  to = static_cast<uint32_t>(value);
  return ok;
}

Result<CodedVariant> ReadCoded(Members& from) {
  CodedVariant variant;
  std::string word;
  if (Status ok = TakeText(from, "coding", true, word); !ok) return Fail(std::move(ok.error()));
  const std::optional<Coding> coding = CodingOf(word);
  if (!coding || *coding == Coding::kIdentity) {
    return Bad(from.Of("coding"), Quoted(word) + " is not br, gzip, zstd or dcz");
  }
  variant.coding = *coding;
  if (*coding == Coding::kDcz) {
    variant.dictionary.emplace();
    if (Status ok = TakeDigest(from, "dictionary", *variant.dictionary); !ok) {
      return Fail(std::move(ok.error()));
    }
  }
  if (Status ok = TakeDigest(from, "sha256", variant.sha256); !ok)
    return Fail(std::move(ok.error()));
  if (Status ok = TakeNumber(from, "size", true, kLargestSize, variant.size); !ok) {
    return Fail(std::move(ok.error()));
  }
  if (Status ok = from.NothingElse(); !ok) return Fail(std::move(ok.error()));
  return variant;
}

Result<ImageVariant> ReadImage(Members& from) {
  ImageVariant image;
  Status ok = TakeType(from, image.type);
  if (ok && !image.type.starts_with("image/")) {
    ok = Bad(from.Of("type"), Quoted(image.type) + " is not an image type");
  }
  if (ok) ok = TakePixels(from, "width", true, image.width);
  if (ok) ok = TakePixels(from, "height", false, image.height);
  if (ok) ok = TakePath(from, "path", true, image.path);
  if (ok) ok = TakeDigest(from, "sha256", image.sha256);
  if (ok) ok = TakeNumber(from, "size", true, kLargestSize, image.size);
  if (ok) ok = from.NothingElse();
  if (!ok) return Fail(std::move(ok.error()));
  return image;
}

Status ReadVariants(Members& from, Entry& entry) {
  const Json* list = from.Take("variants");
  if (list == nullptr) return {};
  if (!list->is_array()) return Bad(from.Of("variants"), "is not an array");
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    Members members(json, At(from.Of("variants"), i));
    if (!json.is_object()) return Bad(members.where(), "is not an object");
    if (json.contains("coding")) {
      Result<CodedVariant> coded = ReadCoded(members);
      if (!coded) return Fail(std::move(coded.error()));
      for (const CodedVariant& other : entry.coded) {
        if (other.coding == coded->coding && other.dictionary == coded->dictionary) {
          return Bad(members.where(), "a second variant of this coding");
        }
      }
      entry.coded.push_back(*std::move(coded));
    } else {
      Result<ImageVariant> image = ReadImage(members);
      if (!image) return Fail(std::move(image.error()));
      entry.images.push_back(*std::move(image));
    }
  }
  return {};
}

Status ReadLinks(Members& from, std::vector<std::string>& links) {
  const Json* list = from.Take("links");
  if (list == nullptr) return {};
  if (!list->is_array()) return Bad(from.Of("links"), "is not an array");
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    const std::string where = At(from.Of("links"), i);
    if (!json.is_string()) return Bad(where, "is not a string");
    const auto& link = json.get_ref<const std::string&>();
    const bool visible =
        std::all_of(link.begin(), link.end(), [](char c) { return c >= ' ' && c < 0x7f; });
    if (!link.starts_with('<') || !visible) return Bad(where, "is not the value of a Link field");
    links.push_back(link);
  }
  return {};
}

Status ReadNotes(Members& from, std::map<std::string, std::string>& notes) {
  const Json* json = from.Take("notes");
  if (json == nullptr) return {};
  if (!json->is_object()) return Bad(from.Of("notes"), "is not an object");
  for (const auto& [name, value] : json->items()) {
    if (!value.is_string()) return Bad(from.Of("notes") + "." + name, "is not a string");
    notes[name] = value.get_ref<const std::string&>();
  }
  return {};
}

Result<Entry> ReadEntry(const Json& json, const std::string& where) {
  if (!json.is_object()) return Bad(where, "is not an object");
  Members from(json, where);
  Entry entry;
  Status ok = TakePath(from, "path", true, entry.path);
  if (ok) ok = TakePath(from, "source", false, entry.source);
  if (ok) ok = TakeDigest(from, "sha256", entry.sha256);
  if (ok) ok = TakeNumber(from, "size", true, kLargestSize, entry.size);
  if (ok) ok = TakeType(from, entry.type);
  if (ok) ok = TakeCache(from, entry.cache);
  if (ok) ok = TakePixels(from, "width", false, entry.width);
  if (ok) ok = TakePixels(from, "height", false, entry.height);
  if (ok) ok = ReadVariants(from, entry);
  if (ok) ok = ReadLinks(from, entry.links);
  if (ok) ok = ReadNotes(from, entry.notes);
  if (ok) ok = from.NothingElse();
  if (!ok) return Fail(std::move(ok.error()));
  return entry;
}

// What must hold between entries: no file name twice, one size per digest.
class Ledger {
 public:
  Status Add(const Entry& entry, const std::string& where) {
    Status ok = AddFile(entry.path, entry.sha256, entry.size, where);
    for (size_t i = 0; ok && i < entry.coded.size(); ++i) {
      const CodedVariant& coded = entry.coded[i];
      const std::string suffix =
          coded.dictionary ? DczSuffix(*coded.dictionary) : std::string(FileSuffix(coded.coding));
      ok = AddFile(entry.path + suffix, coded.sha256, coded.size, where);
    }
    for (size_t i = 0; ok && i < entry.images.size(); ++i) {
      ok = AddFile(entry.images[i].path, entry.images[i].sha256, entry.images[i].size, where);
    }
    return ok;
  }
  bool Has(const std::string& path) const { return files_.contains(path); }

 private:
  Status AddFile(const std::string& file, const Sha256Digest& digest, ByteCount size,
                 const std::string& where) {
    if (!files_.insert(file).second) return Bad(where, "path " + Quoted(file) + " occurs twice");
    const auto [known, added] = sizes_.try_emplace(digest, size);
    if (!added && known->second != size) {
      return Bad(where, "sha256 " + digest.Hex() + " has size " + std::to_string(size) +
                            " here and " + std::to_string(known->second) + " before");
    }
    return {};
  }

  std::unordered_set<std::string> files_;
  std::map<Sha256Digest, ByteCount> sizes_;
};

Status ReadVersion(Members& from) {
  const Json* version = from.Take("version");
  if (version == nullptr) return Bad("manifest", "member \"version\" is missing");
  if (!version->is_number_integer()) return Bad("version", "is not a whole number");
  if (*version != kManifestVersion) {
    return Bad("version", version->dump() + " is not supported: this program reads version 1");
  }
  return {};
}

Status ReadDocument(Members& from, const char* name, const Ledger& ledger, std::string& to) {
  if (Status ok = TakePath(from, name, false, to); !ok) return ok;
  if (!to.empty() && !ledger.Has(to)) return Bad(name, Quoted(to) + " is no entry's path");
  return {};
}

Result<Manifest> ReadManifest(const Json& json) {
  if (!json.is_object()) return Bad("manifest", "is not a JSON object");
  Members from(json, "manifest");
  if (Status ok = ReadVersion(from); !ok) return Fail(std::move(ok.error()));
  const Json* list = from.Take("entries");
  if (list == nullptr) return Bad("manifest", "member \"entries\" is missing");
  if (!list->is_array()) return Bad("entries", "is not an array");
  if (list->size() > kMostEntries) return Bad("entries", "more than 1000000 entries");
  Manifest manifest;
  Ledger ledger;
  manifest.entries.reserve(list->size());
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string where = At("entries", i);
    Result<Entry> entry = ReadEntry((*list)[i], where);
    if (!entry) return Fail(std::move(entry.error()));
    if (Status ok = ledger.Add(*entry, where); !ok) return Fail(std::move(ok.error()));
    manifest.entries.push_back(*std::move(entry));
  }
  Status ok = ReadDocument(from, "fallback", ledger, manifest.fallback);
  if (ok) ok = ReadDocument(from, "not_found", ledger, manifest.not_found);
  if (ok) ok = from.NothingElse();
  if (!ok) return Fail(std::move(ok.error()));
  return manifest;
}

// What the parser lets pass and no manifest may have: a member twice, or deep nesting.
class Watch {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end && !open_.empty()) open_.pop_back();
    if (event == Json::parse_event_t::key && !open_.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!open_.back().insert(name).second && fault.empty()) {
        fault = "member " + Quoted(name) + " occurs twice in one object";
      }
    }
    if (depth > static_cast<int>(kDeepestNesting) && fault.empty()) fault = "nested too deeply";
    return true;
  }
  std::string fault;

 private:
  std::vector<std::set<std::string>> open_;
};

}  // namespace

Result<Manifest> Manifest::FromJson(std::string_view json) {
  Watch watch;
  try {
    const Json parsed = Json::parse(json.begin(), json.end(),
                                    [&watch](int depth, Json::parse_event_t event, Json& value) {
                                      return watch(depth, event, value);
                                    });
    if (!watch.fault.empty()) return Bad("manifest", watch.fault);
    return ReadManifest(parsed);
  } catch (const Json::parse_error& error) {
    return Bad(LineAndColumn(json, error.byte), "not JSON");
  } catch (const Json::exception&) {
    return Bad("manifest", "a number that no JSON reader can hold");
  }
}

}  // namespace skerry::asset
