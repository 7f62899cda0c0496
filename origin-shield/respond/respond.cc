#include "origin-shield/respond/respond.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/asset/media_type.h"
#include "core/http/accept.h"
#include "core/http/conditional.h"
#include "core/http/date.h"
#include "core/http/problem.h"
#include "core/http/range.h"
#include "origin-shield/respond/difference.h"

namespace skerry::shield {
namespace {

// Digits of a SHA-256 in an ETag: 128 bits, as in a release's id.
constexpr size_t kEtagDigits = 32;
constexpr std::string_view kSharedWithEdges =
    "max-age=3600, stale-while-revalidate=86400, stale-if-error=86400";

http::Coding ToHttp(asset::Coding coding) {
  switch (coding) {
    case asset::Coding::kGzip: return http::Coding::kGzip;
    case asset::Coding::kBrotli: return http::Coding::kBr;
    case asset::Coding::kZstd: return http::Coding::kZstd;
    case asset::Coding::kDcz: return http::Coding::kDcz;
    case asset::Coding::kIdentity: break;
  }
  return http::Coding::kIdentity;
}

// Image variants that may stand in for the entry itself.
bool StandsIn(const asset::Entry& entry, const asset::ImageVariant& image) {
  return entry.width != 0 && image.width == entry.width &&
         (image.type == "image/avif" || image.type == "image/webp");
}

const asset::ImageVariant* ChooseImage(const asset::Entry& entry, const http::Fields& request) {
  const http::ImageFormats formats = http::AcceptedImageFormats(request);
  const asset::ImageVariant* webp = nullptr;
  for (const asset::ImageVariant& image : entry.images) {
    if (!StandsIn(entry, image)) continue;
    if (formats.avif && image.type == "image/avif") return &image;
    if (formats.webp && image.type == "image/webp") webp = &image;
  }
  return webp;
}

// ":base64:", a byte sequence of RFC 9651.
std::string ByteSequence(const Sha256Digest& digest) { return ":" + ToBase64(digest.raw()) + ":"; }

bool HasDictionary(const asset::CodedVariant& coded, const http::Fields& request) {
  if (coded.coding != asset::Coding::kDcz) return true;
  const auto available = request.Find("available-dictionary");
  return available && coded.dictionary && *available == ByteSequence(*coded.dictionary);
}

const asset::CodedVariant* ChooseCoded(const asset::Entry& entry, const http::Fields& request) {
  std::vector<const asset::CodedVariant*> usable;
  for (const asset::CodedVariant& coded : entry.coded) {
    if (HasDictionary(coded, request)) usable.push_back(&coded);
  }
  std::sort(usable.begin(), usable.end(), [](const auto* a, const auto* b) {
    return std::pair(a->size, a->coding) < std::pair(b->size, b->coding);
  });
  std::vector<http::Coding> offered;
  for (const auto* coded : usable) offered.push_back(ToHttp(coded->coding));
  // Last: what is coded is smaller.
  offered.push_back(http::Coding::kIdentity);
  const auto best = http::ParseAcceptEncoding(request).Best(offered);
  if (!best || *best == http::Coding::kIdentity) return nullptr;
  const auto at = std::find(offered.begin(), offered.end(), *best);
  return usable[static_cast<size_t>(at - offered.begin())];
}

bool HasDcz(const asset::Entry& entry) {
  return std::any_of(entry.coded.begin(), entry.coded.end(),
                     [](const auto& coded) { return coded.coding == asset::Coding::kDcz; });
}

std::string_view BrowserCaching(asset::CacheClass cache) {
  switch (cache) {
    case asset::CacheClass::kImmutable: return "public, max-age=31536000, immutable";
    case asset::CacheClass::kPage: return "public, max-age=60";
    case asset::CacheClass::kAsset: return "public, max-age=300";
    case asset::CacheClass::kRevalidate: break;
  }
  return "no-cache";
}

void AddCaching(const Asking& asking, asset::CacheClass cache, http::Fields& to) {
  const bool immutable = cache == asset::CacheClass::kImmutable;
  if (asking.site.preview) {
    to.Add("cache-control", "private, no-store");
    to.Add("x-robots-tag", "noindex");
    return;
  }
  if (asking.behind && !immutable) {
    to.Add("cache-control", "no-store");
    return;
  }
  to.Add("cache-control", BrowserCaching(cache));
  const bool purged = cache == asset::CacheClass::kPage || cache == asset::CacheClass::kAsset;
  if (asking.to_edge && purged) to.Add("skerry-cache-control", kSharedWithEdges);
}

void AddTags(const Asking& asking, http::Fields& to) {
  if (asking.to_edge) to.Add("cache-tag", AnswerTags(asking.site.site, asking.located));
}

asset::CacheClass ClassOf(const Release::File& file) {
  return file.image != nullptr ? asset::CacheClass::kImmutable : file.entry->cache;
}

http::Validators ValidatorsOf(const Representation& representation, const Located& located,
                              WallTime now) {
  http::Validators validators;
  validators.etag = http::EntityTag{false, representation.sha256.Hex().substr(0, kEtagDigits)};
  validators.last_modified = located.release->Modified(*located.file.entry);
  validators.date = now;
  return validators;
}

// The fields of a file, whatever becomes of conditions and ranges.
http::Fields FileFields(const Asking& asking, const Representation& representation,
                        const http::Validators& validators) {
  const Release::File& file = asking.located.file;
  http::Fields fields;
  fields.Add("content-type", representation.type);
  if (representation.coding != asset::Coding::kIdentity) {
    fields.Add("content-encoding", asset::Name(representation.coding));
  }
  if (const std::string vary = VaryOf(file); !vary.empty()) fields.Add("vary", vary);
  fields.Add("etag", validators.etag->ToString());
  fields.Add("last-modified", http::FormatDate(*validators.last_modified));
  fields.Add("repr-digest", "sha-256=" + ByteSequence(representation.sha256));
  fields.Add("accept-ranges", "bytes");
  fields.Add("x-content-type-options", "nosniff");
  AddCaching(asking, ClassOf(file), fields);
  AddTags(asking, fields);
  if (file.image == nullptr) {
    for (const std::string& link : file.entry->links) fields.Add("link", link);
    const std::string match = DictionaryMatch(*file.entry);
    if (!match.empty()) fields.Add("use-as-dictionary", "match=\"" + match + "\"");
  }
  if (asking.to_edge) {
    const std::string variants = VariantsOf(file);
    if (!variants.empty()) fields.Add("skerry-variants", variants);
  }
  return fields;
}

// RFC 9110 15.4.5: what a cache needs to update what it has, and nothing that would
// describe a body that does not come.
Answer NotModified(http::Fields fields) {
  for (const char* name : {"content-type", "content-encoding", "accept-ranges"}) {
    fields.Remove(name);
  }
  return {304, std::move(fields), std::nullopt, {}};
}

Answer WithRange(const Asking& asking, Answer whole, const http::Validators& validators,
                 WallTime now) {
  const http::Fields& request = asking.request.fields;
  const auto range = request.Combined("range");
  if (!range || asking.request.method != "GET") return whole;
  if (const auto if_range = request.Find("if-range")) {
    if (!http::IfRangeHolds(*if_range, validators, now)) return whole;
  }
  const uint64_t size = whole.body->size;
  const http::SelectedRanges selected = http::SelectRanges(*range, size);
  if (selected.choice == http::RangeChoice::kUnsatisfiable) {
    whole.status = 416;
    whole.body.reset();
    for (const char* name : {"content-type", "content-encoding", "repr-digest"}) {
      whole.fields.Remove(name);
    }
    whole.fields.Set("content-range", http::ContentRange{std::nullopt, size}.ToString());
    return whole;
  }
  if (selected.choice != http::RangeChoice::kPartial || selected.ranges.size() != 1) return whole;
  const http::ByteRange& part = selected.ranges.front();
  whole.status = 206;
  whole.fields.Set("content-range", http::ContentRange{part, size}.ToString());
  whole.body->from = part.first;
  whole.body->count = part.size();
  return whole;
}

Answer RespondFile(const Asking& asking, int status, WallTime now) {
  const Located& located = asking.located;
  const Representation representation = Choose(located.file, asking.request.fields);
  const http::Validators validators = ValidatorsOf(representation, located, now);
  Answer answer;
  answer.status = status;
  answer.fields = FileFields(asking, representation, validators);
  answer.body = BodyPart{representation.sha256, representation.size, 0, representation.size};
  if (status != 200) return answer;
  switch (http::Evaluate(asking.request.method, asking.request.fields, validators, now)) {
    case http::Condition::kNotModified: return NotModified(std::move(answer.fields));
    case http::Condition::kPreconditionFailed: return {412, {}, std::nullopt, {}};
    case http::Condition::kProceed: break;
  }
  return WithRange(asking, std::move(answer), validators, now);
}

Answer RespondProblem(const Asking& asking, http::Problem problem) {
  Answer answer;
  answer.status = problem.status;
  answer.fields.Add("content-type", http::kProblemType);
  AddTags(asking, answer.fields);
  answer.text = problem.ToJson();
  return answer;
}

Answer RespondRedirect(const Asking& asking) {
  Answer answer;
  answer.status = 301;
  answer.fields.Add("location", asking.located.location);
  AddCaching(asking, asset::CacheClass::kPage, answer.fields);
  AddTags(asking, answer.fields);
  return answer;
}

Answer RespondNotFound(const Asking& asking, WallTime now) {
  if (asking.located.file) {
    Answer answer = RespondFile(asking, 404, now);
    // Not the page itself: nothing to compare with, nothing to continue.
    for (const char* name : {"etag", "last-modified", "accept-ranges", "use-as-dictionary"}) {
      answer.fields.Remove(name);
    }
    answer.fields.Remove("cache-control");
    answer.fields.Remove("skerry-cache-control");
    AddCaching(asking, asset::CacheClass::kPage, answer.fields);
    return answer;
  }
  Answer answer = RespondProblem(asking, {.status = 404, .detail = "nothing is at this path"});
  AddCaching(asking, asset::CacheClass::kPage, answer.fields);
  return answer;
}

Answer RespondNotHere(const Asking& asking) {
  Answer answer = RespondProblem(
      asking,
      {.status = 503,
       .detail = "release " + asking.site.active + " of the site \"" + asking.site.site +
                 "\" is active, but it has not been uploaded to this shield: push it here"});
  answer.fields.Add("cache-control", "no-store");
  answer.fields.Add("retry-after", "5");
  return answer;
}

}  // namespace

Representation Choose(const Release::File& file, const http::Fields& request) {
  if (file.image != nullptr) {
    return {file.image->sha256, file.image->size, file.image->type, asset::Coding::kIdentity};
  }
  const asset::Entry& entry = *file.entry;
  if (const asset::ImageVariant* image = ChooseImage(entry, request)) {
    return {image->sha256, image->size, image->type, asset::Coding::kIdentity};
  }
  if (const asset::CodedVariant* coded = ChooseCoded(entry, request)) {
    return {coded->sha256, coded->size, entry.type, coded->coding};
  }
  return {entry.sha256, entry.size, entry.type, asset::Coding::kIdentity};
}

std::string VaryOf(const Release::File& file) {
  if (file.image != nullptr) return "";
  const asset::Entry& entry = *file.entry;
  std::string vary;
  const auto add = [&vary](std::string_view name) {
    if (!vary.empty()) vary += ", ";
    vary += name;
  };
  const bool images = std::any_of(entry.images.begin(), entry.images.end(),
                                  [&](const auto& image) { return StandsIn(entry, image); });
  if (images) add("Accept");
  if (!entry.coded.empty()) add("Accept-Encoding");
  if (HasDcz(entry)) add("Available-Dictionary");
  return vary;
}

std::string VariantsOf(const Release::File& file) {
  if (file.image != nullptr) return "";
  std::string codings;
  std::string formats;
  std::string dictionaries;
  const auto add = [](std::string& list, const std::string& item) {
    if (list.find(item) != std::string::npos) return;
    if (!list.empty()) list += ' ';
    list += item;
  };
  for (const asset::CodedVariant& coded : file.entry->coded) {
    add(codings, std::string(asset::Name(coded.coding)));
    if (coded.dictionary) add(dictionaries, ByteSequence(*coded.dictionary));
  }
  for (const asset::ImageVariant& image : file.entry->images) {
    if (StandsIn(*file.entry, image)) add(formats, "\"" + image.type + "\"");
  }
  std::string text;
  for (const auto& [name, list] : {std::pair<std::string_view, std::string&>("codings", codings),
                                   {"formats", formats},
                                   {"dictionaries", dictionaries}}) {
    if (list.empty()) continue;
    if (!text.empty()) text += ", ";
    text.append(name).append("=(").append(list).append(")");
  }
  return text;
}

std::string DictionaryMatch(const asset::Entry& entry) {
  const std::string& path = entry.path;
  const std::string& source = entry.source;
  if (entry.cache != asset::CacheClass::kImmutable || source.empty() ||
      path.size() <= source.size() || !asset::IsCompressible(entry.type)) {
    return "";
  }
  // Other letters mean something in a pattern.
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/.-_~").find(c) != std::string_view::npos;
  });
  if (!plain) return "";
  // Where the digest was put in: "/app" + ".9f2c0a1b" + ".css".
  for (size_t at = source.find('.', source.rfind('/')); at < source.size();
       at = source.find('.', at + 1)) {
    const std::string stem = source.substr(0, at) + ".";
    const std::string extension = source.substr(at);
    if (path.starts_with(stem) && path.ends_with(extension)) return stem + "*" + extension;
  }
  return "";
}

Answer Respond(const Asking& asking, WallTime now) {
  if (asking.request.method != "GET" && asking.request.method != "HEAD") {
    Answer answer =
        RespondProblem(asking, {.status = 405, .detail = "a release answers GET and HEAD only"});
    answer.fields.Add("allow", "GET, HEAD");
    answer.fields.Add("cache-control", "no-store");
    return answer;
  }
  switch (asking.located.place) {
    case Place::kFile:
    case Place::kFallback: return RespondFile(asking, 200, now);
    case Place::kRedirect: return RespondRedirect(asking);
    case Place::kNotFound: return RespondNotFound(asking, now);
    case Place::kNotHere: break;
  }
  return RespondNotHere(asking);
}

}  // namespace skerry::shield
