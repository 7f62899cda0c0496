#include "core/cache/disk/index.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>
#include <utility>

#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

}  // namespace

struct Index::Slot {
  uint64_t key_high, key_low;
  uint64_t variant_hash;
  uint64_t position;
  uint64_t seq;
  uint32_t fill_back;    // position - fill_id
  uint32_t oldest_back;  // position - oldest
  VaryId vary;
  uint32_t next;  // in the chain of its hash
  uint64_t size : 40;
  uint64_t live : 1;
  uint64_t hit : 1;
  uint64_t has_more : 1;

  Hash128 key() const { return {key_high, key_low}; }
  uint64_t oldest() const { return position - oldest_back; }
  bool Is(const DiskRow& row) const {
    return key() == row.key && variant_hash == row.variant_hash && position == row.position &&
           position - fill_back == row.fill_id;
  }
  IndexRow Unpack() const {
    return {.row = {.key = key(),
                    .vary = vary,
                    .variant_hash = variant_hash,
                    .fill_id = position - fill_back,
                    .position = position,
                    .size = size,
                    .seq = seq},
            .oldest = oldest(),
            .has_more = has_more != 0,
            .hit = hit != 0};
  }
  // Nothing if a part does not fit.
  static std::optional<Slot> Pack(const IndexRow& from);
};

std::optional<Index::Slot> Index::Slot::Pack(const IndexRow& from) {
  constexpr uint64_t kFarthest = std::numeric_limits<uint32_t>::max();
  const DiskRow& row = from.row;
  const bool ordered = row.fill_id <= row.position && from.oldest <= row.position;
  if (!ordered || row.position - row.fill_id > kFarthest ||
      row.position - from.oldest > kFarthest || row.size > kLargestBody) {
    return std::nullopt;
  }
  Slot slot{};
  slot.key_high = row.key.high;
  slot.key_low = row.key.low;
  slot.variant_hash = row.variant_hash;
  slot.position = row.position;
  slot.seq = row.seq;
  slot.fill_back = static_cast<uint32_t>(row.position - row.fill_id);
  slot.oldest_back = static_cast<uint32_t>(row.position - from.oldest);
  slot.vary = row.vary;
  slot.next = kNone;
  slot.size = row.size;
  slot.live = 1;
  slot.hit = from.hit;
  slot.has_more = from.has_more;
  return slot;
}

struct Index::Block {
  static constexpr uint32_t kSlots = 128;
  std::array<Slot, kSlots> slots;
  uint32_t used = 0;
  uint32_t live = 0;
  // Bounds of what ever was in it: good enough to skip it.
  uint64_t least_oldest = std::numeric_limits<uint64_t>::max();
  Seq least_seq = std::numeric_limits<Seq>::max();
};

class Index::Shard {
 public:
  Shard() : heads_(64, kNone) { static_assert(sizeof(Slot) == 64); }

  // Calls `each(slot)` for the live rows of a key until it answers false.
  template <class Each>
  void ForKey(const Hash128& key, Each each) SKERRY_REQUIRES(mutex) {
    for (uint32_t id = heads_[Bucket(key)]; id != kNone; id = At(id).next) {
      if (At(id).key() == key && !each(At(id))) return;
    }
  }
  Slot* FindVariant(const Hash128& key, uint64_t variant_hash) SKERRY_REQUIRES(mutex) {
    Slot* found = nullptr;
    ForKey(key, [&](Slot& slot) {
      if (slot.variant_hash == variant_hash) found = &slot;
      return found == nullptr;
    });
    return found;
  }

  void Add(const Slot& slot) SKERRY_REQUIRES(mutex) {
    if (live_ >= heads_.size()) Grow();
    const uint32_t id = NewId();
    Block& block = *blocks_[id / Block::kSlots];
    Slot& to = At(id);
    to = slot;
    ++block.live;
    block.least_oldest = std::min(block.least_oldest, slot.oldest());
    block.least_seq = std::min(block.least_seq, slot.seq);
    Link(id);
    ++live_;
  }

  void Remove(Slot& slot) SKERRY_REQUIRES(mutex) {
    uint32_t* link = &heads_[Bucket(slot.key())];
    while (&At(*link) != &slot) link = &At(*link).next;
    const uint32_t id = *link;
    *link = slot.next;
    slot.live = 0;
    --live_;
    const uint32_t number = id / Block::kSlots;
    Block& block = *blocks_[number];
    if (--block.live > 0 || number == open_block_) return;
    blocks_[number].reset();
    free_blocks_.push_back(number);
  }

  template <class Skip, class Each>
  void ForBlocks(Skip skip, Each each) const SKERRY_REQUIRES(mutex) {
    for (const auto& block : blocks_) {
      if (block == nullptr || block->live == 0 || skip(*block)) continue;
      for (uint32_t i = 0; i < block->used; ++i) {
        if (block->slots[i].live != 0) each(block->slots[i]);
      }
    }
  }

  template <class Each>
  void EachBlock(Each each) const SKERRY_REQUIRES(mutex) {
    for (const auto& block : blocks_) {
      if (block != nullptr && block->live > 0) each(*block);
    }
  }

  ByteCount MemoryBytes() const SKERRY_REQUIRES(mutex) {
    return (blocks_.size() - free_blocks_.size()) * sizeof(Block) +
           heads_.capacity() * sizeof(uint32_t) + blocks_.capacity() * sizeof(blocks_[0]);
  }

  // Answers how many rows there were.
  size_t Clear() SKERRY_REQUIRES(mutex) {
    heads_.assign(64, kNone);
    blocks_.clear();
    free_blocks_.clear();
    open_block_ = kNone;
    return std::exchange(live_, 0);
  }

  // What is forgotten while rows come in from meta: keys, and rows by position.
  void Forget(const Hash128& key) SKERRY_REQUIRES(mutex) { forgotten_keys_.insert(key); }
  void Forget(uint64_t position) SKERRY_REQUIRES(mutex) { forgotten_rows_.insert(position); }
  bool Forgot(const DiskRow& row) const SKERRY_REQUIRES(mutex) {
    return forgotten_keys_.contains(row.key) || forgotten_rows_.contains(row.position);
  }
  void ForgetNothing() SKERRY_REQUIRES(mutex) {
    std::unordered_set<Hash128>().swap(forgotten_keys_);
    std::unordered_set<uint64_t>().swap(forgotten_rows_);
  }

  mutable Mutex mutex;  // lock order: last

 private:
  size_t Bucket(const Hash128& key) const { return key.low & (heads_.size() - 1); }
  Slot& At(uint32_t id) { return blocks_[id / Block::kSlots]->slots[id % Block::kSlots]; }

  void Link(uint32_t id) {
    uint32_t& head = heads_[Bucket(At(id).key())];
    At(id).next = head;
    head = id;
  }

  uint32_t NewId() {
    if (open_block_ == kNone || blocks_[open_block_]->used == Block::kSlots) OpenBlock();
    return open_block_ * Block::kSlots + blocks_[open_block_]->used++;
  }

  void OpenBlock() {
    // A full block whose rows died while it was open is freed now.
    if (open_block_ != kNone && blocks_[open_block_]->live == 0) {
      *blocks_[open_block_] = Block{};
      return;
    }
    if (free_blocks_.empty()) {
      open_block_ = static_cast<uint32_t>(blocks_.size());
      blocks_.push_back(std::make_unique<Block>());
      return;
    }
    open_block_ = free_blocks_.back();
    free_blocks_.pop_back();
    blocks_[open_block_] = std::make_unique<Block>();
  }

  void Grow() {
    heads_.assign(heads_.size() * 2, kNone);
    for (uint32_t number = 0; number < blocks_.size(); ++number) {
      if (blocks_[number] == nullptr) continue;
      for (uint32_t i = 0; i < blocks_[number]->used; ++i) {
        if (blocks_[number]->slots[i].live != 0) Link(number * Block::kSlots + i);
      }
    }
  }

  std::vector<uint32_t> heads_;  // a power of two of them
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<uint32_t> free_blocks_;
  uint32_t open_block_ = kNone;
  size_t live_ = 0;
  std::unordered_set<Hash128> forgotten_keys_;
  std::unordered_set<uint64_t> forgotten_rows_;
};

Index::Index() : shards_(std::make_unique<Shard[]>(kShards)) {}
Index::~Index() = default;

Index::Shard& Index::ShardOf(const Hash128& key) const { return shards_[key.high % kShards]; }

std::vector<DiskRow> Index::Find(const Hash128& key) const {
  std::vector<DiskRow> rows;
  {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    shard.ForKey(key, [&](const Slot& slot) {
      rows.push_back(slot.Unpack().row);
      return true;
    });
  }
  std::sort(rows.begin(), rows.end(),
            [](const DiskRow& a, const DiskRow& b) { return a.position > b.position; });
  return rows;
}

std::optional<IndexRow> Index::Get(const DiskRow& row) const {
  Shard& shard = ShardOf(row.key);
  MutexLock lock(shard.mutex);
  const Slot* slot = shard.FindVariant(row.key, row.variant_hash);
  if (slot == nullptr || !slot->Is(row)) return std::nullopt;
  return slot->Unpack();
}

bool Index::Contains(const Hash128& key, uint64_t variant_hash) const {
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  return shard.FindVariant(key, variant_hash) != nullptr;
}

std::optional<DiskRow> Index::FindFill(uint64_t fill_id) const {
  std::optional<DiskRow> found;
  for (size_t i = 0; i < kShards && !found; ++i) {
    MutexLock lock(shards_[i].mutex);
    shards_[i].ForBlocks([](const Block&) { return false; },
                         [&](const Slot& slot) {
                           const IndexRow row = slot.Unpack();
                           if (row.row.fill_id == fill_id) found = row.row;
                         });
  }
  return found;
}

void Index::MarkHit(const DiskRow& row) {
  Shard& shard = ShardOf(row.key);
  MutexLock lock(shard.mutex);
  Slot* slot = shard.FindVariant(row.key, row.variant_hash);
  if (slot != nullptr && slot->Is(row)) slot->hit = 1;
}

Index::Put Index::Insert(const IndexRow& row, const DiskRow* only_if) {
  const std::optional<Slot> packed = Slot::Pack(row);
  if (!packed) return Put::kUnfit;
  Shard& shard = ShardOf(row.row.key);
  MutexLock lock(shard.mutex);
  // Read under the shard's lock: RaiseHorizon stores first and then visits the shard.
  if (row.oldest < horizon()) return Put::kBelowHorizon;
  Slot* there = shard.FindVariant(row.row.key, row.row.variant_hash);
  if (only_if != nullptr && (there == nullptr || !there->Is(*only_if))) return Put::kChanged;
  if (there != nullptr) {
    shard.Remove(*there);
  } else {
    size_.fetch_add(1, std::memory_order_relaxed);
  }
  shard.Add(*packed);
  return Put::kDone;
}

Index::Put Index::InsertLoaded(const IndexRow& row) {
  const std::optional<Slot> packed = Slot::Pack(row);
  if (!packed) return Put::kUnfit;
  Shard& shard = ShardOf(row.row.key);
  MutexLock lock(shard.mutex);
  if (row.oldest < horizon()) return Put::kBelowHorizon;
  if (shard.Forgot(row.row)) return Put::kChanged;
  if (shard.FindVariant(row.row.key, row.row.variant_hash) != nullptr) return Put::kChanged;
  shard.Add(*packed);
  size_.fetch_add(1, std::memory_order_relaxed);
  return Put::kDone;
}

bool Index::Remove(const DiskRow& row) {
  Shard& shard = ShardOf(row.key);
  MutexLock lock(shard.mutex);
  if (loading()) shard.Forget(row.position);
  Slot* slot = shard.FindVariant(row.key, row.variant_hash);
  if (slot == nullptr || !slot->Is(row)) return false;
  shard.Remove(*slot);
  size_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

std::vector<DiskRow> Index::RemoveKey(const Hash128& key) {
  std::vector<DiskRow> removed;
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  if (loading()) shard.Forget(key);
  while (true) {
    Slot* found = nullptr;
    shard.ForKey(key, [&](Slot& slot) {
      found = &slot;
      return false;
    });
    if (found == nullptr) break;
    removed.push_back(found->Unpack().row);
    shard.Remove(*found);
  }
  size_.fetch_sub(removed.size(), std::memory_order_relaxed);
  return removed;
}

void Index::BeginLoading() {
  loading_.store(true, std::memory_order_release);
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mutex);
    size_.fetch_sub(shards_[i].Clear(), std::memory_order_relaxed);
  }
}

void Index::EndLoading() {
  loading_.store(false, std::memory_order_release);
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mutex);
    shards_[i].ForgetNothing();
  }
}

std::vector<IndexRow> Index::RaiseHorizon(uint64_t position) {
  if (position > horizon()) horizon_.store(position, std::memory_order_release);
  std::vector<IndexRow> rows;
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mutex);
    shards_[i].ForBlocks([&](const Block& block) { return block.least_oldest >= position; },
                         [&](const Slot& slot) {
                           if (slot.oldest() < position) rows.push_back(slot.Unpack());
                         });
  }
  return rows;
}

std::optional<Seq> Index::OldestSeq() const {
  std::optional<Seq> oldest;
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mutex);
    shards_[i].EachBlock([&](const Block& block) {
      if (!oldest || block.least_seq < *oldest) oldest = block.least_seq;
    });
  }
  return oldest;
}

ByteCount Index::MemoryBytes() const {
  ByteCount bytes = kShards * sizeof(Shard);
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mutex);
    bytes += shards_[i].MemoryBytes();
  }
  return bytes;
}

}  // namespace skerry::cache::disk
