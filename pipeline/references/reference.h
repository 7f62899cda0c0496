// References of a document to other files: where they stand, and what they say.
//
// A document is read once into fragments. A fragment is a stretch of the file that is
// written in one way: an HTML attribute (with character references), a style sheet, a
// JSON file. A reference is a URL inside a fragment's text. Rewriting replaces
// references and leaves every other byte of the file as it was (rewrite.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::pipeline {

// What happens with the URL; decides what a missing target means.
enum class Use : uint8_t {
  kLoad,      // fetched with the page: a missing file is an error
  kNavigate,  // where a click leads: may be answered by something else than a file
  kImport,    // fetched with the script that says it: as kLoad where that is fetched with a page
  kMention,   // later, or for other programs (import(), og:image, source maps): rewritten, never
              // required
};

// How a URL is written in the fragment's text.
enum class Quoting : uint8_t {
  kPlain,      // as it is
  kCssUrl,     // url(here)
  kCssDouble,  // "here", with CSS escapes
  kCssSingle,  // 'here'
  kJson,       // "here", with JSON escapes
};

struct Reference {
  size_t offset = 0;  // in the fragment's text, without quotes
  size_t length = 0;
  std::string url = {};  // what it says, escapes undone
  Quoting quoting = Quoting::kPlain;
  Use use = Use::kLoad;
  std::string crop = {};  // as Img::crop
};

struct Fragment {
  size_t offset = 0;  // in the file, without quotes
  size_t length = 0;
  std::string text = {};   // character references undone where `attribute`
  bool attribute = false;  // an HTML attribute's value
  std::vector<Reference> references = {};
};

// An `integrity` attribute and the reference whose target's digest it holds.
struct Integrity {
  size_t offset = 0;  // of the value in the file, without quotes
  size_t length = 0;
  std::string url = {};
};

// An <img> that may become a <picture>.
struct Img {
  size_t offset = 0;  // of '<' in the file
  size_t end = 0;     // behind its '>'
  std::string src = {};
  std::string sizes = {};
  // data-skerry-ratio, "|", data-skerry-focus where one of them is given (crops.h), else "".
  std::string crop = {};
  bool wants_picture = false;      // has the attribute data-skerry-picture
  bool wants_placeholder = false;  // has the attribute data-skerry-placeholder
  bool has_style = false;
  bool in_picture = false;
  bool has_srcset = false;
  bool has_size = false;  // width or height is given
};

// Something the head of a page says will be needed: material for Link fields.
struct Preload {
  std::string url = {};
  std::string rel = {};  // preload, modulepreload, preconnect
  std::string as = {};
  bool crossorigin = false;
};

struct Document {
  std::vector<Fragment> fragments = {};
  std::string base = {};  // <base href>, "" when there is none
  std::vector<Integrity> integrities = {};
  std::vector<Img> images = {};
  std::vector<Preload> preloads = {};
  // Of a page: where a script element can be put in, at the end of its head, of its body or of
  // the file, whichever end is written there.
  size_t script_place = 0;
  // Text that may name files in ways nobody can rewrite.
  std::vector<std::string> scripts = {};
  std::vector<std::string> values = {};  // of attributes that are no URLs: data-src
  // Why nothing was read, "" almost always: elements nested deeper than kDeepestHtml
  // would overflow the stack of the HTML parser.
  std::string refused = {};
};

// What a page's inline scripts and style sheets hold, byte by byte: a policy that allows them
// (Content Security Policy 3) names their digests.
struct InlineTexts {
  std::vector<std::string> scripts = {};
  std::vector<std::string> styles = {};
};
InlineTexts ReadInlineTexts(std::string_view html);

inline constexpr size_t kDeepestHtml = 5000;

// One reader a language. Malformed input gives what could be read, as in browsers.
Document ReadHtml(std::string_view html);  // also SVG
Document ReadCss(std::string_view css);
Document ReadWebManifest(std::string_view json);
Document ReadScript(std::string_view script);

// Whether a file of this media type has a reader above, and the reader's result; other
// types have no references, and text among them is opaque.
bool HasReferences(std::string_view type);
Document ReadReferences(std::string_view type, std::string_view text);

// The references of a style sheet or of a style attribute's declarations.
std::vector<Reference> CssReferences(std::string_view css);
// Where a script names files by URLs that are relative to itself: in imports and exports, in
// import() and in new URL("…", import.meta.url). Strings with escapes, and scripts whose brackets
// or quotes do not match, have none.
std::vector<Reference> ScriptReferences(std::string_view script);
// The script with blanks in place of them: what is left may name files in other ways.
std::string WithoutReferences(std::string_view script, const std::vector<Reference>& references);
// The candidates of a srcset attribute (HTML, "parse a srcset attribute").
std::vector<Reference> SrcsetReferences(std::string_view srcset);

}  // namespace skerry::pipeline
