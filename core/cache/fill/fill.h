// One fetch from upstream and everyone who reads it, on whatever worker.
//
// Written on one loop, the writer's; read from any. Bytes are appended to chunks
// that are never moved, so a reader sends straight from them while the rest still
// arrives. A body up to Options::keep_bytes is kept whole, for the RAM tier; of a
// larger one only a window is held: whoever falls behind it goes on from the disk
// tier, and if the body is not there, with a fetch of its own for the rest.
//
// Thread: as said at each method. Lock order: Fill's mutex comes before the
// generations' and after FillTable's; nothing is called back while it is held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/cache/disk/disk.h"
#include "core/cache/entry.h"
#include "core/cache/fill/state.h"
#include "core/net/loop.h"

namespace skerry::cache {

// What upstream answered, in the form that is stored and served.
struct Answer {
  StoredHead head;  // complete also for answers that are not stored
  Storable storable = Storable::kYes;
  std::optional<uint64_t> length;  // of the body, if it is known before its end
};

class Fill : public std::enable_shared_from_this<Fill> {
 public:
  struct Options {
    Key key;
    Stamp stamp;
    uint64_t keep_bytes = 16_MiB;   // bodies up to this stay whole in memory
    uint64_t window_bytes = 2_MiB;  // how far upstream may be ahead of the fastest reader
    uint64_t lag_bytes = 4_MiB;     // how far a reader may be behind before it loses its bytes
    bool background = false;        // a refresh that nobody waits for
    bool gathers = false;           // FillState; `stamp` comes with Begin
  };
  explicit Fill(Options options);

  // How far the fetch is.
  enum class Phase : uint8_t {
    kAsking,     // no head yet
    kAnswer,     // answer() and, more and more, a body
    kValidated,  // 304: entry() is the stored response, made fresh
    kFailed,     // no answer: error(); after an answer its body ends early
  };

  // A reader's place. While one exists, the fetch goes on. `wake` is called on
  // `loop` after anything has changed; never after the seat is gone. Thread: loop's.
  class Seat : public std::enable_shared_from_this<Seat> {
   public:
    Seat(std::shared_ptr<Fill> fill, net::Loop& loop, std::function<void()> wake)
        : fill_(std::move(fill)), loop_(loop), wake_(std::move(wake)) {}
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }

   private:
    friend class Fill;
    std::shared_ptr<Fill> fill_;
    net::Loop& loop_;
    std::function<void()> wake_;  // the loop's thread only
    uint64_t position_ = 0;       // guarded by the fill's mutex
    bool wake_posted_ = false;    // guarded by the fill's mutex
  };
  std::shared_ptr<Seat> Sit(net::Loop& loop, std::function<void()> wake);

  // --- readers; any thread
  Phase phase() const;
  std::shared_ptr<const Answer> answer() const;
  EntryPtr entry() const;
  int validated_by() const;  // the status that OnValidated was told
  Error error() const;
  Joined MayJoin(const Generations& generations, bool fenced) const;
  Joined MayStay(const Generations& generations, const http::Fields& request) const;

  enum class Read : uint8_t { kBytes, kWait, kEnd, kFailed, kDropped };
  struct Got {
    Read read = Read::kWait;
    Chunk bytes;
    bool last = false;  // the body ends with these bytes and has no trailers
  };
  // The bytes from `position` on that lie together.
  Got ReadAt(uint64_t position) const;
  // Tells how far a reader is, for the window.
  void Advance(Seat& seat, uint64_t position);
  http::Fields trailers() const;
  // Where chunk `index` lies on disk, once it can be read there.
  std::optional<Extents> OnDisk(size_t index) const;

  // --- writer; its loop only
  // Called (on the writer's loop) when there is room again after
  // WaitsForRoom(), and when
  // the last reader has left.
  void SetWriter(net::Loop& loop, std::function<void()> on_room, std::function<void()> on_deserted);
  // Ends the gathering. REQUIRES: nothing was sent upstream yet.
  void Begin(Stamp stamp);
  void OnAnswer(Answer answer, bool shared, std::unique_ptr<DiskFill> disk);
  // `status`: what upstream answered, 304, or 200 to a HEAD. Not `shared`: what it says
  // now is for the initiator alone.
  void OnValidated(EntryPtr entry, int status = 304, bool shared = true);
  // FillState::Renew. Before the answer.
  void Renew(uint64_t local);
  void Append(std::string_view bytes);
  void Finish(http::Fields trailers);
  void Fail(Error error);
  // Upstream should pause: the fastest reader is a window behind, or a slower one would
  // lose bytes that the disk tier has been given and not written yet. on_room tells when
  // that has changed.
  bool WaitsForRoom();
  bool gathers() const;
  bool ended() const;  // well or badly
  bool has_readers() const;
  bool background() const { return options_.background; }
  uint64_t size() const;
  // The whole body, if it was kept. REQUIRES: finished.
  std::optional<std::vector<Chunk>> WholeBody() const;
  // Passes the disk's part on, to be committed.
  std::unique_ptr<DiskFill> TakeDisk();
  bool MayStore(const Generations& generations) const;

  const Key& key() const { return options_.key; }
  Stamp stamp() const;

 private:
  struct Piece {
    Chunk whole;          // its full capacity; empty once dropped
    char* out = nullptr;  // where the writer goes on
    size_t capacity = 0;
    size_t filled = 0;
  };

  void Leave(Seat& seat);
  void WakeAll() SKERRY_REQUIRES(mutex_);
  void DropPassed() SKERRY_REQUIRES(mutex_);
  uint64_t Fastest() const SKERRY_REQUIRES(mutex_);
  uint64_t Slowest() const SKERRY_REQUIRES(mutex_);
  bool Full() const SKERRY_REQUIRES(mutex_);
  bool DiskIsBehind() const SKERRY_REQUIRES(mutex_);
  void LookAgainSoon() SKERRY_REQUIRES(mutex_);
  void LookAtDisk();
  void OpenPiece() SKERRY_REQUIRES(mutex_);
  void ClosePiece() SKERRY_REQUIRES(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  FillState state_ SKERRY_GUARDED_BY(mutex_);
  Phase phase_ SKERRY_GUARDED_BY(mutex_) = Phase::kAsking;
  std::shared_ptr<const Answer> answer_ SKERRY_GUARDED_BY(mutex_);
  EntryPtr entry_ SKERRY_GUARDED_BY(mutex_);
  int validated_by_ SKERRY_GUARDED_BY(mutex_) = 0;
  Error error_ SKERRY_GUARDED_BY(mutex_);
  bool finished_ SKERRY_GUARDED_BY(mutex_) = false;
  http::Fields trailers_ SKERRY_GUARDED_BY(mutex_);
  std::vector<Piece> pieces_ SKERRY_GUARDED_BY(mutex_);  // kChunkBytes each, but the last
  size_t first_held_ SKERRY_GUARDED_BY(mutex_) = 0;      // pieces before it are dropped
  uint64_t size_ SKERRY_GUARDED_BY(mutex_) = 0;
  mutable size_t on_disk_ SKERRY_GUARDED_BY(mutex_) = 0;  // pieces before it are written
  std::vector<Seat*> seats_ SKERRY_GUARDED_BY(mutex_);
  std::unique_ptr<DiskFill> disk_ SKERRY_GUARDED_BY(mutex_);
  Extents extents_ SKERRY_GUARDED_BY(mutex_);  // remembered when the disk's part is taken
  net::Loop* writer_ SKERRY_GUARDED_BY(mutex_) = nullptr;
  std::function<void()> on_room_ SKERRY_GUARDED_BY(mutex_);
  std::function<void()> on_deserted_ SKERRY_GUARDED_BY(mutex_);
  bool waits_for_room_ SKERRY_GUARDED_BY(mutex_) = false;
  bool looks_again_ SKERRY_GUARDED_BY(mutex_) = false;  // LookAtDisk will be called
};

}  // namespace skerry::cache
