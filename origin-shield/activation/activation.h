// One activation, from CI's request to its receipt: a state machine without I/O,
// driven by activator.cc and by simulations alike.
//
// The switch is not made here: a shield switches when it applies the record of the
// log (on_activation of PurgeFeed), so that no tier stores an old page stamped new.
// An activation is complete when every node has applied it and we have too.
//
//   kPosting ──OnPosted──▶ kPosted ──applied here, receipt complete──▶ kComplete
//      ▲   │                  │
//      │   └──OnRefused──▶ kRefused
//      └── applied on another base than the difference was made from: somebody else's
//          activation came between. Posted once more, naming the whole site.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "origin-shield/activation/receipt.h"
#include "origin-shield/respond/difference.h"

namespace skerry::shield {

class Activation {
 public:
  enum class State : uint8_t { kPosting, kPosted, kComplete, kRefused };

  // `base`: the release that was active when `difference` was made.
  Activation(std::string site, std::string release, std::string base, Difference difference);

  // What to post while kPosting: the same again until OnPosted or OnRefused, under one
  // idempotency key for each round().
  const std::string& site() const { return site_; }
  const std::string& release() const { return release_; }
  const std::vector<std::string>& tags() const { return difference_.tags; }
  int round() const { return round_; }

  // The log has the record; also every later receipt of it.
  void OnPosted(Receipt receipt);
  // It will not have it.
  void OnRefused(Error error);
  // This node has applied a record for the site, where `before` was active. May come
  // before OnPosted.
  void OnApplied(Seq seq, std::string_view before);

  State state() const { return state_; }
  // This node has applied it.
  bool applied() const;
  // What to answer now; complete only if state() is kComplete. REQUIRES: was posted.
  Receipt receipt() const;
  const Error& error() const { return *error_; }

 private:
  void Advance();

  const std::string site_;
  const std::string release_;
  const std::string base_;
  Difference difference_;
  State state_ = State::kPosting;
  int round_ = 0;
  std::optional<Receipt> receipt_;
  std::optional<Error> error_;
  std::map<Seq, std::string> applied_;  // records of the site since we began
};
std::string_view Name(Activation::State state);

}  // namespace skerry::shield
