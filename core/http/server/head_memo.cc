#include "core/http/server/head_memo.h"

#include <cstring>

#include "core/base/digest.h"
#include "core/base/random.h"

namespace skerry::http {
namespace {

const LocalPtr<SharedHead> kNone;

uint64_t HashOf(std::string_view block) {
  // Nobody can choose whose slot a head takes.
  static const uint64_t seed = Random::Secure().Next();
  return Xxh3(block, seed);
}

size_t TakeSize(std::string_view& bytes) {
  uint32_t size = 0;
  memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  return size;
}

std::string_view Take(size_t size, std::string_view& bytes) {
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return text;
}

}  // namespace

void HeadBlock::Add(std::string_view name, std::string_view value) {
  const uint32_t sizes[] = {static_cast<uint32_t>(name.size()),
                            static_cast<uint32_t>(value.size())};
  const size_t more = sizeof(sizes) + name.size() + value.size();
  if (room_.size() - used_ < more) room_.resize(2 * (used_ + more));
  char* to = room_.data() + used_;
  memcpy(to, sizes, sizeof(sizes));
  memcpy(to + sizeof(sizes), name.data(), name.size());
  memcpy(to + sizeof(sizes) + name.size(), value.data(), value.size());
  used_ += more;
}

void HeadBlock::AddTo(RequestHead& head) const {
  std::string_view rest = bytes();
  while (!rest.empty()) {
    const size_t name_size = TakeSize(rest);
    const size_t value_size = TakeSize(rest);
    const std::string_view name = Take(name_size, rest);
    const std::string_view value = Take(value_size, rest);
    if (!name.starts_with(':')) {
      head.fields.Add(name, value);
    } else if (name == ":method") {
      head.method = value;
    } else if (name == ":scheme") {
      head.scheme = value;
    } else if (name == ":authority") {
      head.authority = value;
    }
  }
}

HeadMemo& HeadMemo::OfThread() {
  thread_local const auto memo = std::make_unique<HeadMemo>();
  return *memo;
}

const LocalPtr<SharedHead>& HeadMemo::Find(std::string_view block) {
  if (block.size() > kMostBytes) return kNone;
  const uint64_t hash = HashOf(block);
  Slot& slot = slots_[hash % kSlots];
  if (slot.head != nullptr && slot.block == block) return slot.head;
  slot.again = slot.missed == hash;
  slot.missed = hash;
  return kNone;
}

void HeadMemo::Put(std::string_view block, const RequestHead& head) {
  if (block.size() > kMostBytes) return;
  const uint64_t hash = HashOf(block);
  Slot& slot = slots_[hash % kSlots];
  if (slot.missed != hash || !slot.again) return;
  slot.block = block;
  slot.head = LocalPtr<SharedHead>::Make(head);
  slot.head->head.path.clear();
}

}  // namespace skerry::http
