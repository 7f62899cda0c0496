#include "origin-shield/activation/activation.h"

#include <utility>

namespace skerry::shield {

std::string_view Name(Activation::State state) {
  switch (state) {
    case Activation::State::kPosting: return "posting";
    case Activation::State::kPosted: return "posted";
    case Activation::State::kComplete: return "complete";
    case Activation::State::kRefused: return "refused";
  }
  return "unknown";
}

Activation::Activation(std::string site, std::string release, std::string base,
                       Difference difference)
    : site_(std::move(site)),
      release_(std::move(release)),
      base_(std::move(base)),
      difference_(std::move(difference)) {}

void Activation::OnPosted(Receipt receipt) {
  if (state_ == State::kComplete || state_ == State::kRefused) return;
  receipt_ = std::move(receipt);
  state_ = State::kPosted;
  Advance();
}

void Activation::OnRefused(Error error) {
  if (state_ != State::kPosting) return;
  error_ = std::move(error);
  state_ = State::kRefused;
}

void Activation::OnApplied(Seq seq, std::string_view before) {
  // A redelivered record does not tell what was active when it came first.
  applied_.emplace(seq, before);
  Advance();
}

bool Activation::applied() const { return receipt_ && applied_.contains(receipt_->seq); }

void Activation::Advance() {
  if (state_ != State::kPosted || !applied()) return;
  const std::string& before = applied_.at(receipt_->seq);
  if (before != base_ && before != release_ && !difference_.everything) {
    difference_ = Everything(site_);
    state_ = State::kPosting;
    ++round_;
    return;
  }
  if (receipt_->complete) state_ = State::kComplete;
}

Receipt Activation::receipt() const {
  Receipt receipt = *receipt_;
  receipt.complete = state_ == State::kComplete;
  return receipt;
}

}  // namespace skerry::shield
