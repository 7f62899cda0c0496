// /explain: what would happen to a request now, step by step, and why, in words for
// people and as JSON. The steps are those of exchange.cc, and so are the functions
// that decide (Classify, KeyOf, Peek, Assess, Foretell): nothing is decided here.
//
// Nothing is changed either: no fetch, no use counted, no place in the RAM tier, and of
// the disk tier at most chunk 0 is read, where fields, age and tags are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/cache/purge/record.h"
#include "core/gateway/gateway.h"
#include "core/gateway/route.h"
#include "core/http/message.h"
#include "core/net/address.h"
#include "core/net/loop.h"

namespace skerry::gateway {

// One thing that is so. `member` names it in JSON ("cache_key") and, with blanks, for
// people; `text` is what people read where the value alone would not do.
struct Fact {
  std::string member;
  std::variant<std::string, int64_t, bool> value;
  std::string text = {};
};

struct Part {
  std::string member;  // the step: "key"
  std::string title;   // "Under which key is it stored?"
  std::vector<Fact> facts;
};

struct Explanation {
  std::string url;
  std::string summary;       // one sentence
  std::string cache_status;  // how our member of Cache-Status will begin
  bool hit = false;
  std::vector<Part> parts;
};

// "/explain?url=…&header=Name:%20value&…": `header` may be repeated, `method` is GET
// or HEAD …, `client` an address (for rules by country), `format` "json" or "text".
// Values are percent-encoded ("+" stands for itself).
struct ExplainQuery {
  http::RequestHead request;
  net::Address client = {};  // empty host: not said
  std::optional<bool> json;  // asked for; nothing: as Accept says
};
// The error says what is wrong with it, for the person who typed it.
Result<ExplainQuery> ParseExplainQuery(std::string_view path_and_query);
// The way back, for those who ask a running node.
std::string ToExplainPath(std::string_view url, const std::vector<std::string>& headers, bool json);

struct ExplainSources {
  const Shared& shared;
  std::shared_ptr<const Classifier> classifier;
  std::vector<bool> upstream_is_shield = {};  // as Gateway::Options has it
  // False where there is no node, only its configuration: what is stored is not known.
  bool running = true;
  // What is remembered of a record of the purge log; may be null.
  std::function<std::optional<cache::AppliedRecord>(cache::Seq)> find_record = {};
};

// Calls `done` once, at once or later on `loop`. What `shared` and `find_record` refer to
// outlives that.
void Explain(const ExplainSources& sources, const ExplainQuery& query, net::Loop& loop,
             std::function<void(Explanation)> done);

std::string ToText(const Explanation& explanation);
std::string ToJson(const Explanation& explanation);

// What the admin listener answers to GET /explain?…: text, or JSON where the query or
// Accept asks for it; 400 where the query is wrong.
struct ExplainPage {
  int status = 200;
  std::string type;
  std::string body;
};
bool WantsJson(const ExplainQuery& query, const http::Fields& asking);
ExplainPage ToPage(const Explanation& explanation, bool json);
ExplainPage ToPage(const Error& error);
void AnswerExplain(const ExplainSources& sources, const http::RequestHead& asking, net::Loop& loop,
                   std::function<void(ExplainPage)> done);

}  // namespace skerry::gateway
