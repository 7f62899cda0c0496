// One request and its answer: the walk of docs/life-of-a-request.md. exchange.cc
// begins with the table of its steps.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gateway/access_log.h"
#include "core/gateway/body.h"
#include "core/gateway/forward.h"
#include "core/gateway/lookup.h"
#include "core/gateway/origin.h"
#include "core/gateway/route.h"
#include "core/gateway/tier.h"
#include "core/gateway/tunnel.h"
#include "core/gateway/write.h"
#include "core/http/server/server.h"

namespace skerry::gateway {

class Gateway;

// Owner: the stream, until OnGone; whoever waits on its behalf (disk, fill, loop)
// holds a weak_ptr. Thread: the connection's loop.
class Exchange : public http::StreamEvents, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Gateway& gateway, std::shared_ptr<http::ServerStream> stream);
  void Begin();

  void OnBody(std::string_view bytes) override;
  void OnBodyEnd(http::Fields trailers) override;
  void OnGone(bool complete) override;

 private:
  // What a step says: go on with the next one, wait to be resumed (or jumped), or the
  // answer has been given.
  enum class Next : uint8_t { kNext, kWait, kDone };
  struct Step {
    std::string_view name;
    Next (Exchange::*run)();
  };
  static const Step kSteps[];

  void Run();
  void RunFrom(std::string_view step);

  Next Classify();
  Next MakeKey();
  Next LookUp();
  Next AskOrigin();
  Next WriteAnswer();

  // Answers of our own, for which nobody else is asked.
  Next Say(std::string_view what, http::Response response);
  Next Refuse(int status, const Error& error);
  Next Decide();
  void SendEarlyHints();
  void LoadNext();
  void OnLoaded(Result<cache::EntryPtr> loaded);
  LookupInput Input() const;
  // What both ways of asking have in common.
  FetchPlan PlanFor(std::shared_ptr<cache::Fill> fill) const;
  Next AskShared(bool background);
  // For this client and nobody else. `as_it_came`: with its cookies, conditions and
  // Range; otherwise, where nothing of that matters, like a shared fetch.
  Next AskAlone(bool as_it_came);
  // The same after a fetch whose answer is not for this client.
  void AskAsItCame(std::string detail);
  // A WebSocket does not take the other steps.
  Next OpenTunnel();
  void OnTunnelAnswer(http::ResponseHead head, std::unique_ptr<http::BodySource> body);
  bool SendsBody() const;
  // Under No-Vary-Search: go on as a request for the URL that a response is stored
  // under, or back to our own.
  bool FollowAlias();
  void LeaveAlias();
  // May what is stored, or was fetched at `stamp`, under that URL answer ours?
  bool AliasHolds(const cache::StoredHead& head) const;
  void OnFill();
  void OnFillAnswer();
  void OnFillFailed(const Error& error);
  // The fill's answer is not for us: look again, or fetch alone after a few rounds.
  bool MayStay();
  void LookAgain(std::string_view why);
  bool AnswerIsFarAway(const cache::Answer& answer) const;
  bool MayServeStale() const;
  void ServeStale(int fwd_status);

  // Begins again for the page that the rule shows in place of such an answer; false:
  // it shows none. What it replaces is kept, should the page fail.
  bool AskForPage(int status, std::optional<Error> error);
  void SendReplaced();

  void Send();
  void SendStored();
  void SendFill();
  // Of the fill's body, what is held nowhere any more; empty where that cannot be.
  FetchPart FetchesParts();
  std::shared_ptr<cache::Fill> Fetch(const cache::Fill& of, const BodyPart& part);
  void SendError(int status, const Error& error);
  void Respond(http::Response response);
  std::string CacheStatus() const;
  void DescribeAnswer(AccessRecord& record, std::string& variant) const;
  // Of the URL that was asked for, also where a page answers in its place.
  void NameRule(AccessRecord& record) const {
    const Route* by = (replaced_ == nullptr ? route_ : replaced_->route).get();
    if (by == nullptr) return;
    record.rule = by->rule;
    record.place = by->place;
  }

  Gateway& gateway_;
  std::weak_ptr<http::ServerStream> stream_;
  http::RequestHead request_;  // the client's, or the one for the page that stands for its answer
  std::string_view protocol_;
  net::Address peer_;
  size_t step_ = 0;
  bool running_ = false;
  bool jumped_ = false;

  FromEdge from_edge_;
  std::shared_ptr<const Route> route_;
  Cacheability cacheability_ = Cacheability::kShared;
  cache::Target target_;
  cache::Key key_;
  Forwarded forwarded_;
  cache::RequestDirectives directives_;
  std::optional<cache::Key> own_key_;  // while following an alias
  bool alias_tried_ = false;
  bool bypass_tier_ = false;  // an edge has applied more of the log than we have

  std::vector<Dimension> dimensions_;  // of the key, beside the URL

  Lookup lookup_;
  bool looked_ = false;
  bool hinted_ = false;               // a 103 was sent
  std::vector<cache::DiskRow> rows_;  // still to be looked at, the last one first
  std::shared_ptr<cache::Fill> fill_;
  std::shared_ptr<cache::Fill::Seat> seat_;
  bool initiator_ = false;
  bool alone_ = false;
  std::optional<cache::Storable> unshareable_;  // alone because of the answer before
  bool as_it_came_ = false;  // alone, and conditions and ranges are upstream's to answer
  int rounds_ = 0;
  std::shared_ptr<http::BodyPipe::Feed> upload_;   // where the request body goes in
  std::unique_ptr<http::BodySource> upload_body_;  // and where it comes out

  // The answer that a page stands for, until the page has been sent.
  struct Replaced {
    int status = 0;
    Substitute page;
    std::optional<Error> error;  // there was no answer at all
    http::RequestHead request;
    cache::Target target;
    std::shared_ptr<const Route> route;
    Lookup lookup;
    std::shared_ptr<cache::Fill> fill;
    std::shared_ptr<cache::Fill::Seat> seat;
    bool as_it_came = false;
    Verdict verdict;
  };
  std::unique_ptr<Replaced> replaced_;
  bool page_failed_ = false;

  std::shared_ptr<Tunnel> tunnel_;
  std::shared_ptr<void> tunnel_place_;

  Verdict verdict_;
  bool responded_ = false;
  std::string said_;  // as Cache-Status, of a stored answer
  int status_ = 0;
};

}  // namespace skerry::gateway
