// Who is fetching what: one fill per key, whatever the number of waiters and
// workers; and the keys whose answers turned out not to be shareable.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "core/base/clock.h"
#include "core/cache/fill/fill.h"

namespace skerry::cache {

// Fills under way. Owner: the process. Thread: any; a mutex per shard, taken before
// a fill's own.
class FillTable {
 public:
  FillTable();
  ~FillTable();

  struct Place {
    std::shared_ptr<Fill> fill;
    bool initiator = false;  // made by this call: the caller must drive it
    // Of a new one that gathers: the fetch that it lets end first. May be null.
    std::shared_ptr<Fill> behind;
  };
  // The fill of this key that a request beginning now may share, or a new one. Where
  // the node is `fenced` for this request, that is one that gathers. A fill that is
  // under way but not shareable with it (purged since, private) is replaced in the
  // table and lives on for those who have it.
  Place Join(const Fill::Options& options, uint64_t variant_hint, const Generations& generations,
             bool fenced = false);

  // What Join would give a share in; null: it would begin a new one.
  std::shared_ptr<const Fill> Find(const Key& key, uint64_t variant_hint,
                                   const Generations& generations, bool fenced = false) const;

  // Ends what Join began. Nothing if another has taken its place.
  void Remove(const std::shared_ptr<Fill>& fill, uint64_t variant_hint);
  // Is one under way, whoever may share it?
  bool Contains(const Key& key, uint64_t variant_hint) const;
  size_t size() const;
  // Of the fills in the table; nothing while there is none.
  std::optional<Seq> OldestStamp() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hit-for-miss: keys whose last answer could not be shared. Requests for them do
// not wait for each other. Bounded in number and time; forgetting one costs no more
// than one round of waiting. Owner: the process. Thread: any.
class UnshareableKeys {
 public:
  explicit UnshareableKeys(size_t capacity = 65536, Seconds lifetime = Seconds(120));
  ~UnshareableKeys();

  // Why its last answer could not be shared; nothing: it could, or that was forgotten.
  std::optional<Storable> Why(const Key& key, SteadyTime now) const;
  void Add(const Key& key, Storable why, SteadyTime now);
  void Remove(const Key& key);
  size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::cache
