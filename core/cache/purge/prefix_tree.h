// Prefixes of URLs → their generations: a radix tree, so that a look-up walks the
// URL once however many prefixes there are. Private to the room; nothing here locks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cache/purge/scope_table.h"

namespace skerry::cache {

class PrefixTree {
 public:
  // The generations of every prefix that `text` begins with, taken together.
  Gens Match(std::string_view text) const;
  // `wider` is the scope it coarsens to.
  void Raise(std::string_view prefix, uint64_t wider, const Gens& gens);

  // Prefixes in the tree.
  size_t size() const { return size_; }

  struct Prefix {
    std::string text;
    uint64_t wider = 0;
    Gens gens;
  };
  std::vector<Prefix> All() const;

 private:
  struct Node {
    std::string label;  // what stands between the parent and here
    Gens gens;          // empty: only a fork
    uint64_t wider = 0;
    std::vector<std::pair<char, uint32_t>> children;  // by first character, sorted
  };

  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t ChildAt(const Node& node, char first) const;
  uint32_t AddLeaf(uint32_t parent, std::string_view label);
  void Split(uint32_t node, size_t at);

  std::vector<Node> nodes_ = std::vector<Node>(1);  // [0] is the root, with no label
  size_t size_ = 0;
};

}  // namespace skerry::cache
