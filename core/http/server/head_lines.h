// The lines of a request head, by the buffers that nghttp2 hands them over in. A field that
// comes from HPACK's table comes in the same buffers each time, so two heads of a
// connection are compared without a look at their bytes.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::http {

// Holds its buffers. Owner: a session, which gives it back before it deletes nghttp2's.
class HeadLines {
 public:
  // More are not kept.
  static constexpr size_t kMostLines = 32;

  HeadLines() = default;
  ~HeadLines() { Clear(); }
  HeadLines(const HeadLines&) = delete;
  HeadLines& operator=(const HeadLines&) = delete;

  static std::string_view TextOf(nghttp2_rcbuf* buffer) {
    const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
    return {reinterpret_cast<const char*>(bytes.base), bytes.len};
  }

  void Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
    ++count_;
    if (count_ > kMostLines) return;
    nghttp2_rcbuf_incref(name);
    nghttp2_rcbuf_incref(value);
    lines_.push_back({name, value});
  }
  void Clear() {
    for (const Line& line : lines_) {
      nghttp2_rcbuf_decref(line.name);
      nghttp2_rcbuf_decref(line.value);
    }
    lines_.clear();
    count_ = 0;
  }
  void Release() {
    Clear();
    lines_.shrink_to_fit();
  }
  void Swap(HeadLines& other) {
    lines_.swap(other.lines_);
    std::swap(count_, other.count_);
  }

  // Nothing is missing.
  bool complete() const { return count_ == lines_.size(); }
  size_t size() const { return lines_.size(); }
  // False as well if there is no such line.
  bool Is(size_t place, const nghttp2_rcbuf* name, const nghttp2_rcbuf* value) const {
    return place < lines_.size() && lines_[place].name == name && lines_[place].value == value;
  }
  // The same, by the bytes: for fields that do not come from the table.
  bool Equals(size_t place, nghttp2_rcbuf* name, nghttp2_rcbuf* value) const {
    return place < lines_.size() && TextOf(lines_[place].value) == TextOf(value) &&
           TextOf(lines_[place].name) == TextOf(name);
  }
  nghttp2_rcbuf* name(size_t place) const { return lines_[place].name; }
  nghttp2_rcbuf* value(size_t place) const { return lines_[place].value; }

 private:
  struct Line {
    nghttp2_rcbuf* name;
    nghttp2_rcbuf* value;
  };
  std::vector<Line> lines_;
  size_t count_ = 0;
};

}  // namespace skerry::http
