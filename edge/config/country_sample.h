// A MaxMind DB file made in a test: the format's own bytes
// (https://maxmind.github.io/MaxMind-DB/), so that no database is in the tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::edge {

// Networks of an IPv6 tree; IPv4 ones are in ::/96.
class CountrySample {
 public:
  // `bits`: the network's first bits as text of 0 and 1.
  void Add(std::string_view bits, std::string_view country) {
    size_t node = 0;
    for (size_t i = 0; i + 1 < bits.size(); ++i) {
      if (nodes_[node].child[bits[i] - '0'] == 0) {
        nodes_[node].child[bits[i] - '0'] = nodes_.size();
        nodes_.emplace_back();
      }
      node = nodes_[node].child[bits[i] - '0'];
    }
    nodes_[node].data[bits.back() - '0'] = static_cast<int64_t>(data_.size());
    data_ += Map(1) + Text("country") + Map(1) + Text("iso_code") + Text(country);
  }
  void AddIpv4(uint32_t address, int prefix, std::string_view country) {
    std::string bits(96, '0');
    for (int i = 0; i < prefix; ++i) bits += ((address >> (31 - i)) & 1) != 0 ? '1' : '0';
    Add(bits, country);
  }

  std::string Bytes() const {
    std::string file;
    for (const Node& node : nodes_) {
      for (int side = 0; side < 2; ++side) file += Record(node, side);
    }
    file += std::string(16, '\0') + data_;
    file += "\xab\xcd\xefMaxMind.com";
    file += Map(9);
    file += Text("node_count") + Number(6, nodes_.size(), 4);
    file += Text("record_size") + Number(5, 24, 2);
    file += Text("ip_version") + Number(5, 6, 2);
    file += Text("database_type") + Text("Sample-Country");
    file += Text("languages") + std::string("\x00\x04", 2);  // an empty array
    file += Text("binary_format_major_version") + Number(5, 2, 2);
    file += Text("binary_format_minor_version") + Number(5, 0, 2);
    file += Text("build_epoch") + std::string("\x08\x02", 2) + std::string(8, '\x01');
    file += Text("description") + Map(0);
    return file;
  }

 private:
  struct Node {
    size_t child[2] = {0, 0};
    int64_t data[2] = {-1, -1};
  };

  static std::string Map(int size) { return std::string(1, static_cast<char>(7 << 5 | size)); }
  static std::string Text(std::string_view text) {
    return std::string(1, static_cast<char>(2 << 5 | text.size())) + std::string(text);
  }
  static std::string Number(int type, uint64_t value, int size) {
    std::string bytes(1, static_cast<char>(type << 5 | size));
    for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  }
  std::string Record(const Node& node, int side) const {
    uint64_t value = nodes_.size();  // nothing there
    if (node.child[side] != 0) value = node.child[side];
    if (node.data[side] >= 0) value = nodes_.size() + 16 + static_cast<uint64_t>(node.data[side]);
    std::string bytes;
    for (int i = 2; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  }

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::string data_;
};

}  // namespace skerry::edge
