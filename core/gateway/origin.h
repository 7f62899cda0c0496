// Step "origin": one fetch, from the request sent upstream to what is kept of its
// answer. Its own steps on the way in: store (store.h), variant (variant.h), and the
// commit to the tiers at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/fill/fill.h"
#include "core/gateway/digest_field.h"
#include "core/gateway/route.h"
#include "core/gateway/variant.h"
#include "core/http/upstream/upstream.h"

namespace skerry::gateway {

class Gateway;

// What to fetch, and for whom.
struct FetchPlan {
  std::shared_ptr<cache::Fill> fill;
  uint64_t variant_hint = 0;  // the fill's place in the table; see in_table
  bool in_table = false;      // others may join: remove it when it ends
  // A fill that gathers begins when this one has ended, or after a quarter of a second,
  // and then when the pace allows it. May be null.
  std::shared_ptr<cache::Fill> behind;
  bool may_share = true;  // false: for one client alone
  bool may_store = true;  // false: never stored, whatever its fields say
  http::RequestHead client_request;
  http::RequestHead sent;
  std::string client_scheme;
  std::shared_ptr<const Route> route;
  cache::EntryPtr stale;                   // to be validated; null: nothing to compare with
  std::vector<cache::EntryPtr> siblings;   // other stored variants that are in memory
  std::unique_ptr<http::BodySource> body;  // of the request
  bool keep_tags = false;                  // the answer goes to an edge of ours
  std::vector<Dimension> dimensions;       // of the key, for a shield of ours
  bool refetch = false;                    // of a body that did not match its digest
  // 1xx answers go to the one who asked first, as they come.
  std::function<void(const http::ResponseHead&)> on_interim;
};

// Owner: the gateway, from Begin until its end. Thread: the worker's loop.
class Retrieval : public http::FetchEvents, public std::enable_shared_from_this<Retrieval> {
 public:
  // Keeps itself alive through the gateway.
  static void Begin(Gateway& gateway, FetchPlan plan);
  Retrieval(Gateway& gateway, FetchPlan plan);
  ~Retrieval() override;

  void OnInterim(http::ResponseHead head) override;
  void OnHead(http::ResponseHead head) override;
  void OnBody(std::string_view bytes) override;
  void OnEnd(http::Fields trailers) override;
  void OnFailed(Error error) override;

 private:
  void Gather();
  void TakeTurn();
  void BeginGathered();
  void Start();
  void AddConditions();
  void AskWithoutConditions();
  void OnValidated(http::ResponseHead head);
  // What an unsafe method has changed goes from the cache.
  void Invalidate(const http::ResponseHead& head);
  // A 200 to a HEAD while there is a stored GET: updates it, or removes it. True:
  // updated, and the waiters have been told.
  bool UpdatedByHead(const http::ResponseHead& head);
  bool IsUnasked(int status) const;
  // Is this an answer that may still be served, fresh or stale, and no error?
  bool IsUsable(const cache::Entry& entry) const;
  // An error that must not push out what can be served in its place.
  bool WouldReplaceUsable(int status) const;
  void RememberShareable(cache::Storable storable, int status);
  void CapVariants(const cache::StoredHead& head);
  void Encode(http::ResponseHead& head, std::optional<uint64_t> length);
  // The body was not what its digest says.
  void OnMismatch();
  void Refetch();
  bool Continues(const http::ResponseHead& head) const;
  void AskAgain();
  void Deliver(std::string_view bytes);
  void Finish();
  void Commit();
  void Deserted();
  void Room();
  void End();
  bool ToShield() const;
  void Fail(Error error);

  Gateway& gateway_;
  FetchPlan plan_;
  std::unique_ptr<http::Fetch> fetch_;
  std::shared_ptr<cache::Fill::Seat> before_;  // at plan_.behind, while that goes on
  net::Timer gathering_;
  WallTime request_time_;
  std::shared_ptr<EncodeStage> encode_;
  std::optional<asset::Recipe> recipe_;  // of encode_
  std::optional<BodyCheck> check_;       // of the body as it comes
  std::string held_back_;                // the last piece, or all, until the body has been checked
  bool holds_back_ = false;
  bool hold_all_ = false;
  bool repeatable_ = false;  // asking once more is harmless and asks for the same
  bool delivered_ = false;   // some of the body has left held_back_
  bool unchecked_ = false;   // the trailers had digests that nobody had announced
  bool refetched_ = false;   // this is the second attempt at a body that did not match
  http::Fields trailers_;
  bool asking_again_ = false;
  bool ended_ = false;
};

}  // namespace skerry::gateway
