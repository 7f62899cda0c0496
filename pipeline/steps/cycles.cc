#include "pipeline/steps/cycles.h"

#include <algorithm>

namespace skerry::pipeline {
namespace {

constexpr int kUnseen = -1;

class Tarjan {
 public:
  explicit Tarjan(const std::vector<std::vector<int>>& edges)
      : edges_(edges),
        order_(edges.size(), kUnseen),
        low_(edges.size(), 0),
        on_stack_(edges.size(), false) {}

  std::vector<std::vector<int>> Run() {
    for (size_t node = 0; node < edges_.size(); ++node) {
      if (order_[node] == kUnseen) Visit(static_cast<int>(node));
    }
    return std::move(components_);
  }

 private:
  struct Frame {
    int node;
    size_t next;  // edge to follow
  };

  void Enter(int node) {
    order_[node] = low_[node] = counter_++;
    stack_.push_back(node);
    on_stack_[node] = true;
    frames_.push_back({node, 0});
  }

  void Visit(int root) {
    Enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const int node = frame.node;
      if (frame.next < edges_[node].size()) {
        const int target = edges_[node][frame.next++];
        if (order_[target] == kUnseen) {
          Enter(target);
        } else if (on_stack_[target]) {
          low_[node] = std::min(low_[node], order_[target]);
        }
        continue;
      }
      if (low_[node] == order_[node]) Close(node);
      frames_.pop_back();
      if (!frames_.empty()) {
        const int parent = frames_.back().node;
        low_[parent] = std::min(low_[parent], low_[node]);
      }
    }
  }

  void Close(int root) {
    std::vector<int> component;
    int node = kUnseen;
    do {
      node = stack_.back();
      stack_.pop_back();
      on_stack_[node] = false;
      component.push_back(node);
    } while (node != root);
    std::sort(component.begin(), component.end());
    components_.push_back(std::move(component));
  }

  const std::vector<std::vector<int>>& edges_;
  std::vector<int> order_;
  std::vector<int> low_;
  std::vector<bool> on_stack_;
  std::vector<int> stack_;
  std::vector<Frame> frames_;
  int counter_ = 0;
  std::vector<std::vector<int>> components_;
};

}  // namespace

std::vector<std::vector<int>> Components(const std::vector<std::vector<int>>& edges) {
  return Tarjan(edges).Run();
}

}  // namespace skerry::pipeline
