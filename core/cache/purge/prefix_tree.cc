#include "core/cache/purge/prefix_tree.h"

#include <algorithm>

namespace skerry::cache {
namespace {

auto Before = [](const std::pair<char, uint32_t>& child, char first) {
  return child.first < first;
};

size_t CommonLength(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(in_a - a.begin());
}

}  // namespace

uint32_t PrefixTree::ChildAt(const Node& node, char first) const {
  const auto it = std::lower_bound(node.children.begin(), node.children.end(), first, Before);
  return it != node.children.end() && it->first == first ? it->second : kNone;
}

Gens PrefixTree::Match(std::string_view text) const {
  Gens found = nodes_[0].gens;
  uint32_t at = 0;
  while (!text.empty()) {
    at = ChildAt(nodes_[at], text.front());
    if (at == kNone || !text.starts_with(nodes_[at].label)) return found;
    text.remove_prefix(nodes_[at].label.size());
    found.Raise(nodes_[at].gens);
  }
  return found;
}

uint32_t PrefixTree::AddLeaf(uint32_t parent, std::string_view label) {
  const uint32_t leaf = static_cast<uint32_t>(nodes_.size());
  nodes_.emplace_back();
  nodes_[leaf].label = label;
  auto& children = nodes_[parent].children;
  children.insert(std::lower_bound(children.begin(), children.end(), label.front(), Before),
                  {label.front(), leaf});
  return leaf;
}

// The first `at` characters of the label stay; the rest becomes an only child.
void PrefixTree::Split(uint32_t node, size_t at) {
  Node lower;
  lower.label = nodes_[node].label.substr(at);
  lower.gens = nodes_[node].gens;
  lower.wider = nodes_[node].wider;
  lower.children = std::move(nodes_[node].children);
  const uint32_t index = static_cast<uint32_t>(nodes_.size());
  Node& upper = nodes_[node];
  upper.children = {{lower.label.front(), index}};
  upper.label.resize(at);
  upper.gens = {};
  nodes_.push_back(std::move(lower));
}

void PrefixTree::Raise(std::string_view prefix, uint64_t wider, const Gens& gens) {
  uint32_t at = 0;
  while (!prefix.empty()) {
    const uint32_t child = ChildAt(nodes_[at], prefix.front());
    if (child == kNone) {
      at = AddLeaf(at, prefix);
      break;
    }
    const size_t common = CommonLength(prefix, nodes_[child].label);
    if (common < nodes_[child].label.size()) Split(child, common);
    prefix.remove_prefix(common);
    at = child;
  }
  if (nodes_[at].gens.empty()) ++size_;
  nodes_[at].gens.Raise(gens);
  nodes_[at].wider = wider;
}

std::vector<PrefixTree::Prefix> PrefixTree::All() const {
  std::vector<Prefix> all;
  all.reserve(size_);
  std::vector<std::pair<uint32_t, std::string>> open = {{0, ""}};
  while (!open.empty()) {
    const auto [at, text] = std::move(open.back());
    open.pop_back();
    const Node& node = nodes_[at];
    if (!node.gens.empty()) all.push_back({text, node.wider, node.gens});
    for (const auto& [first, child] : node.children) {
      open.emplace_back(child, text + nodes_[child].label);
    }
  }
  return all;
}

}  // namespace skerry::cache
