#include "core/gateway/multipart.h"

#include <algorithm>
#include <utility>

#include "core/base/random.h"

namespace skerry::gateway {
namespace {

struct Part {
  std::string head;
  http::ByteRange range;
};

class MultipartBody : public http::BodySource {
 public:
  MultipartBody(std::vector<Part> parts, std::string end,
                std::function<std::unique_ptr<http::BodySource>(BodyPart)> make)
      : parts_(std::move(parts)), end_(std::move(end)), make_(std::move(make)) {
    for (const Part& part : parts_) length_ += part.head.size() + part.range.size();
    length_ += end_.size();
  }

  Piece Peek(size_t max) override {
    if (!TextLeft().empty()) {
      const std::string_view text = TextLeft().substr(0, max);
      return {State::kData, text, AtEnd() && text.size() == TextLeft().size()};
    }
    if (AtEnd()) return {State::kEnd, {}, true};
    if (body_ == nullptr) Open();
    Piece piece = body_->Peek(std::min<uint64_t>(max, left_));
    // The range was inside the body: whatever ends before it is cut off.
    if (piece.state == State::kEnd) return {State::kFailed, {}, false};
    piece.last = false;
    return piece;
  }

  void Consume(size_t count) override {
    if (!TextLeft().empty()) {
      text_sent_ += count;
      return;
    }
    body_->Consume(count);
    left_ -= count;
    if (left_ > 0) return;
    body_ = nullptr;
    ++part_;
    text_sent_ = 0;
  }

  void WakeWith(std::function<void()> wake) override {
    wake_ = std::move(wake);
    if (body_ != nullptr) body_->WakeWith(wake_);
  }

  std::optional<uint64_t> length() const override { return length_; }

 private:
  bool AtEnd() const { return part_ == parts_.size(); }
  std::string_view TextLeft() const {
    const std::string_view text = AtEnd() ? end_ : parts_[part_].head;
    return text.substr(text_sent_);
  }
  void Open() {
    const http::ByteRange& range = parts_[part_].range;
    left_ = range.size();
    body_ = make_({range.first, range.size()});
    if (wake_) body_->WakeWith(wake_);
  }

  const std::vector<Part> parts_;
  const std::string end_;
  std::function<std::unique_ptr<http::BodySource>(BodyPart)> make_;
  std::function<void()> wake_;
  uint64_t length_ = 0;
  size_t part_ = 0;
  size_t text_sent_ = 0;  // of this part's head, or of the end
  uint64_t left_ = 0;     // of this part's bytes
  std::unique_ptr<http::BodySource> body_;
};

}  // namespace

Multipart MakeMultipart(const std::vector<http::ByteRange>& ranges, uint64_t size,
                        std::string_view media_type,
                        std::function<std::unique_ptr<http::BodySource>(BodyPart)> part) {
  const std::string boundary = Random::Secure().Hex(16);
  std::vector<Part> parts;
  for (const http::ByteRange& range : ranges) {
    std::string head = (parts.empty() ? "--" : "\r\n--") + boundary + "\r\n";
    if (!media_type.empty()) head.append("content-type: ").append(media_type).append("\r\n");
    head += "content-range: " + http::ContentRange{range, size}.ToString() + "\r\n\r\n";
    parts.push_back({std::move(head), range});
  }
  return {"multipart/byteranges; boundary=" + boundary,
          std::make_unique<MultipartBody>(std::move(parts), "\r\n--" + boundary + "--\r\n",
                                          std::move(part))};
}

}  // namespace skerry::gateway
