// Random responses and random requests, a few thousand of them: what the gateway makes
// of them is what reuse_model.h expects. The seed is fixed.
#include "core/gateway/reuse_model.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "core/gateway/testing.h"
#include "core/http/date.h"

namespace skerry::gateway {
namespace {

// Makes messages at random, as values and as fields.
class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}

  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint32_t>(bound)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <class T>
  T Pick(std::initializer_list<T> from) {
    return from.begin()[Below(static_cast<int>(from.size()))];
  }
  std::optional<Second> Span(int one_in) {
    if (!OneIn(one_in)) return std::nullopt;
    return Pick<Second>({0, 1, 5, 10, 30, 60, 100'000, 9'999'999'999});
  }

  Directives MakeDirectives() {
    Directives says;
    if (OneIn(2)) says.max_age = Pick<Second>({0, 1, 5, 10, 30, 60});
    says.s_maxage = Span(6);
    says.swr = Span(4);
    says.sie = Span(4);
    says.no_store = OneIn(20);
    says.no_cache = OneIn(12);
    says.no_cache_quota = OneIn(12);
    says.is_private = OneIn(24);
    says.is_public = OneIn(5);
    says.must_revalidate = OneIn(10);
    says.proxy_revalidate = OneIn(14);
    says.must_understand = OneIn(16);
    says.immutable = OneIn(12);
    return says;
  }

  Said MakeSaid(int id, Second now) {
    Said said;
    said.id = id;
    said.status = Pick({200, 200, 200, 203, 204, 404, 410, 301, 302, 299, 403});
    if (!OneIn(6)) said.control = MakeDirectives();
    if (OneIn(6)) said.targeted = MakeDirectives();
    if (!OneIn(3)) said.date = now + Pick<Second>({0, 0, 0, -1, -5, -30, -60, 7, 40});
    const Second made = said.date.value_or(now);
    if (OneIn(4)) said.expires = OneIn(6) ? 0 : made + Pick<Second>({-5, 0, 1, 10, 30, 60});
    if (OneIn(3)) said.modified = made + Pick<Second>({-9, -10, -100, -599, -10'000'000, 20});
    if (OneIn(4)) said.age = Pick<Second>({0, 1, 5, 10, 30, 60});
    said.etag = OneIn(2);
    said.cookie = OneIn(12);
    return said;
  }

  Wish MakeWish(bool by_language) {
    Wish wish;
    if (by_language) wish.language = Pick<const char*>({"", "de", "fr"});
    if (OneIn(9)) wish.method = "HEAD";
    if (OneIn(14)) wish.method = Pick<const char*>({"POST", "PUT", "DELETE", "BREW", "OPTIONS"});
    wish.authorization = OneIn(12);
    if (!OneIn(3)) return wish;
    wish.no_cache = OneIn(8);
    wish.no_store = OneIn(12);
    wish.only_if_cached = OneIn(8);
    wish.max_age = Span(3);
    wish.min_fresh = Span(4);
    wish.max_stale = Span(3);
    return wish;
  }

  http::Fields FieldsOf(const Wish& wish) {
    http::Fields fields;
    if (!wish.language.empty()) fields.Add("accept-language", wish.language);
    if (wish.authorization) fields.Add("authorization", "Basic eDp5");
    if (wish.known) fields.Add("if-none-match", "\"0\", \"" + std::to_string(*wish.known) + "\"");
    std::vector<std::string> members;
    Add("no-cache", wish.no_cache, members);
    Add("no-store", wish.no_store, members);
    Add("only-if-cached", wish.only_if_cached, members);
    Add("max-age", wish.max_age, members);
    Add("min-fresh", wish.min_fresh, members);
    Add("max-stale", wish.max_stale, members);
    AddList("cache-control", std::move(members), /*one_line=*/false, fields);
    return fields;
  }

  http::Fields FieldsOf(const Said& said, bool by_language) {
    http::Fields fields = {{"x-id", std::to_string(said.id)}, {"x-quota", "7"}};
    if (said.control) {
      AddList("cache-control", Members(*said.control), /*one_line=*/false, fields);
    }
    if (said.targeted) {
      AddList("cdn-cache-control", Members(*said.targeted), /*one_line=*/true, fields);
    }
    AddDate("date", said.date, fields);
    AddDate("expires", said.expires, fields);
    AddDate("last-modified", said.modified, fields);
    if (said.age) fields.Add("age", std::to_string(*said.age));
    if (said.etag) fields.Add("etag", "\"" + std::to_string(said.id) + "\"");
    if (said.cookie) fields.Add("set-cookie", "a=b");
    if (by_language) fields.Add("vary", "Accept-Language");
    if (said.vary_any) fields.Add("vary", "*");
    return fields;
  }

 private:
  static void Add(std::string name, bool is, std::vector<std::string>& members) {
    if (is) members.push_back(std::move(name));
  }
  static void Add(std::string name, std::optional<Second> span, std::vector<std::string>& members) {
    if (span) members.push_back(std::move(name) + "=" + std::to_string(*span));
  }
  static void AddDate(std::string name, std::optional<Second> at, http::Fields& fields) {
    if (at) fields.Add(name, *at == 0 ? "0" : http::FormatDate(WallTime(Seconds(*at))));
  }

  static std::vector<std::string> Members(const Directives& says) {
    std::vector<std::string> members = {"x-unknown"};
    Add("max-age", says.max_age, members);
    Add("s-maxage", says.s_maxage, members);
    Add("stale-while-revalidate", says.swr, members);
    Add("stale-if-error", says.sie, members);
    Add("no-store", says.no_store, members);
    // A dictionary holds each key once.
    Add("no-cache", says.no_cache, members);
    Add("no-cache=\"x-quota\"", says.no_cache_quota && !says.no_cache, members);
    Add("private", says.is_private, members);
    Add("public", says.is_public, members);
    Add("must-revalidate", says.must_revalidate, members);
    Add("proxy-revalidate", says.proxy_revalidate, members);
    Add("must-understand", says.must_understand, members);
    Add("immutable", says.immutable, members);
    return members;
  }

  // In any order, over several lines, with blanks and letter case as they come.
  void AddList(const std::string& name, std::vector<std::string> members, bool one_line,
               http::Fields& fields) {
    std::shuffle(members.begin(), members.end(), random_);
    std::string line;
    for (std::string& member : members) {
      if (!one_line && OneIn(4)) member[0] = static_cast<char>(member[0] - 'a' + 'A');
      if (!line.empty() && !one_line && OneIn(4)) {
        fields.Add(name, std::exchange(line, {}));
      }
      if (!line.empty()) line += Pick<const char*>({", ", ",", " ,\t"});
      line += member;
    }
    if (!line.empty()) fields.Add(name, line);
  }

  std::mt19937 random_;
};

std::string Show(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append("  ").append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

class ReuseModelTest : public testing::TestWithParam<bool> {
 protected:
  static Route RouteOf(bool rfc) {
    Route route;
    if (rfc) route.policy = cache::Policy::Rfc();
    return route;
  }

  Second Now() const {
    return std::chrono::duration_cast<Seconds>(at_.loop.clock().Wall().time_since_epoch()).count();
  }
  void Wait(std::initializer_list<Second> spans) {
    const Second span = dice_.Pick(spans);
    if (span > 0) at_.loop.Advance(Seconds(span));
  }

  // One URL, asked for some times.
  void Play(int url) {
    path_ = "/" + std::to_string(url);
    model_.emplace(GetParam());
    by_language_ = dice_.OneIn(3);
    vary_any_ = !by_language_ && dice_.OneIn(15);
    unshareable_ = false;
    history_ = path_ + (GetParam() ? " rfc\n" : " default\n");
    for (int i = 0; i < 7 && !HasFatalFailure(); ++i) {
      AskOnce();
      Wait({0, 1, 4, 5, 5, 10, 25, 30, 60});
    }
  }

  void AskOnce() {
    Wish wish = dice_.MakeWish(by_language_);
    // Where answers are for one client alone, a HEAD is passed on as it is.
    if (unshareable_ && wish.method == "HEAD") wish.method = "GET";
    const Second asked = Now();
    const Expect expect = model_->Ask(wish, asked);
    const ReuseModel::Stored* const stored = model_->Find(wish);
    if (expect != Expect::kPass && stored != nullptr && dice_.OneIn(4)) {
      wish.known = stored->said.id - (dice_.OneIn(2) ? 1 : 0);
    }
    http::Fields fields = dice_.FieldsOf(wish);
    history_ += "at " + std::to_string(asked) + " asks " + wish.method + "\n" + Show(fields);
    const size_t before = at_.asked();
    const auto stream = at_.Ask(path_, std::move(fields), wish.method);
    switch (expect) {
      case Expect::kHit:
      case Expect::kHitRefresh: CheckHit(wish, *stream); break;
      case Expect::kTimeout: EXPECT_EQ(stream->status, 504); break;
      case Expect::kFetch:
      case Expect::kPass: EXPECT_FALSE(stream->answered) << "what was not expected"; break;
    }
    const bool forwards = expect != Expect::kHit && expect != Expect::kTimeout;
    ASSERT_EQ(at_.asked() - before, forwards ? 1u : 0u) << history_;
    if (forwards) AnswerOnce(wish, expect, asked, *stream);
    at_.Leave(stream);
    ASSERT_FALSE(HasNonfatalFailure()) << history_;
  }

  void CheckHit(const Wish& wish, const FakeStream& stream) {
    const ReuseModel::Stored& stored = *model_->Find(wish);
    CheckAnswer(wish, stored.said, stream, /*validated=*/false);
    EXPECT_EQ(stream.Field("age"), std::to_string(ReuseModel::Age(stored, Now())));
    EXPECT_NE(stream.Field("cache-status").find("; hit"), std::string::npos);
  }

  // Is this the answer that was said, or the 304 that stands for it?
  void CheckAnswer(const Wish& wish, const Said& said, const FakeStream& stream, bool validated) {
    const bool good = said.status >= 200 && said.status < 300;
    if (good && said.etag && wish.known == said.id) {
      EXPECT_EQ(stream.status, 304);
      EXPECT_EQ(stream.Field("etag"), "\"" + std::to_string(said.id) + "\"");
      return;
    }
    EXPECT_EQ(stream.status, said.status);
    EXPECT_EQ(stream.Field("x-id"), std::to_string(said.id));
    const bool removed = said.governing().no_cache_quota && !validated;
    EXPECT_EQ(stream.Field("x-quota"), removed ? "" : "7");
  }

  // The origin's turn: another response, "not modified", an error or none at all.
  void AnswerOnce(const Wish& wish, Expect expect, Second asked, const FakeStream& stream) {
    const http::RequestHead& sent = at_.origin->asked.back()->request;
    const ReuseModel::Stored* const stored = expect == Expect::kPass ? nullptr : model_->Find(wish);
    const bool refreshes = expect == Expect::kHitRefresh;
    EXPECT_EQ(sent.method, refreshes ? "GET" : wish.method);
    CheckConditions(stored, sent.fields);
    Wait({0, 0, 0, 1, 3});
    const FakeStream* const waiting = refreshes ? nullptr : &stream;
    if (dice_.OneIn(6)) return FailOnce(wish, expect, asked, waiting);
    const bool conditional =
        sent.fields.Has("if-none-match") || sent.fields.Has("if-modified-since");
    Said said = dice_.MakeSaid(++last_id_, Now());
    said.vary_any = vary_any_;
    if (conditional && dice_.OneIn(2)) {
      ValidateOnce(wish, std::move(said), asked, waiting);
    } else if (sent.method == "HEAD" && stored != nullptr) {
      HeadOnce(wish, std::move(said), asked, stream);
    } else {
      RespondOnce(wish, expect, std::move(said), asked, waiting);
    }
  }

  void Tell(const Said& said, const http::Fields& fields) {
    history_ += "at " + std::to_string(Now()) + " says " + std::to_string(said.status) + "\n" +
                Show(fields);
  }

  void RespondOnce(const Wish& wish, Expect expect, Said said, Second asked,
                   const FakeStream* stream) {
    http::Fields fields = dice_.FieldsOf(said, by_language_);
    Tell(said, fields);
    if (expect != Expect::kPass) {
      model_->Answered(wish, said, asked, Now());
      const ReuseModel::Stored* const kept = model_->Find(wish);
      if (kept == nullptr || kept->said.id != said.id) unshareable_ = true;
    } else if (!http::IsSafeMethod(wish.method)) {
      model_->Changed(said.status);
    }
    const bool empty = said.status == 204 || wish.method == "HEAD";
    at_.Answer(said.status, std::move(fields), empty ? "" : "body");
    if (stream != nullptr) CheckAnswer(wish, said, *stream, /*validated=*/true);
  }

  void ValidateOnce(const Wish& wish, Said said, Second asked, const FakeStream* stream) {
    said.status = 304;
    said.etag = said.cookie = false;
    said.modified = std::nullopt;
    http::Fields fields = dice_.FieldsOf(said, by_language_);
    fields.Remove("x-id");
    Tell(said, fields);
    const Said old = model_->Find(wish)->said;
    model_->Validated(wish, said, asked, Now());
    at_.Head(304, std::move(fields));
    if (stream != nullptr) CheckAnswer(wish, old, *stream, /*validated=*/true);
  }

  // A HEAD about something that is stored.
  void HeadOnce(const Wish& wish, Said said, Second asked, const FakeStream& stream) {
    const Said old = model_->Find(wish)->said;
    if (dice_.OneIn(2)) {
      said.status = 200;
      said.id = old.id;
      said.cookie = false;
      said.etag = said.etag && old.etag;
      if (said.modified) said.modified = old.modified;
    }
    http::Fields fields = dice_.FieldsOf(said, by_language_);
    Tell(said, fields);
    const bool confirms = said.status == 200 && model_->Headed(wish, said, asked, Now());
    if (confirms) fields.Remove("x-id");
    at_.Head(said.status, std::move(fields));
    if (!confirms) at_.End();
    CheckAnswer(wish, confirms ? old : said, stream, /*validated=*/true);
  }

  void CheckConditions(const ReuseModel::Stored* stored, const http::Fields& sent) {
    const bool etag = stored != nullptr && stored->said.etag;
    const bool modified = stored != nullptr && stored->said.modified;
    // Nobody else is asked for with a request whose answers turned out to be for one client.
    if (unshareable_ && !sent.Has("if-none-match") && !sent.Has("if-modified-since")) return;
    EXPECT_EQ(sent.Has("if-none-match"), etag);
    EXPECT_EQ(sent.Has("if-modified-since"), modified);
    if (!etag) return;
    EXPECT_EQ(sent.Find("if-none-match"), "\"" + std::to_string(stored->said.id) + "\"");
  }

  void FailOnce(const Wish& wish, Expect expect, Second asked, const FakeStream* stream) {
    const bool error = dice_.OneIn(2);
    history_ += "at " + std::to_string(Now()) + (error ? " says 503\n" : " breaks\n");
    if (error) {
      at_.Answer(503, {}, "error");
    } else {
      at_.Fail({Code::kReset, Side::kUpstream, false, ""});
    }
    if (stream == nullptr) return;
    if (expect != Expect::kPass && model_->GivesOnFailure(wish, asked)) {
      CheckAnswer(wish, model_->Find(wish)->said, *stream, /*validated=*/false);
      EXPECT_EQ(stream->Field("age"), std::to_string(ReuseModel::Age(*model_->Find(wish), Now())));
    } else {
      EXPECT_EQ(stream->status, error ? 503 : 502);
    }
  }

  Dice dice_{9111};
  GatewayHarness at_{RouteOf(GetParam())};
  std::optional<ReuseModel> model_;
  std::string path_;
  std::string history_;
  bool by_language_ = false;
  bool vary_any_ = false;
  bool unshareable_ = false;
  int last_id_ = 0;
};

TEST_P(ReuseModelTest, WhatIsStoredServedValidatedAndRefreshedIsWhatTheRfcsSay) {
  for (int url = 0; url < 700 && !HasFatalFailure(); ++url) Play(url);
}

INSTANTIATE_TEST_SUITE_P(Profiles, ReuseModelTest, testing::Bool(), [](const auto& profile) {
  return std::string(profile.param ? "Rfc" : "Careful");
});

}  // namespace
}  // namespace skerry::gateway
