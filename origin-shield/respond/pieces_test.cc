#include "origin-shield/respond/pieces.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/net/fake_loop.h"
#include "origin-shield/respond/blob_body.h"
#include "origin-shield/store/scratch.h"

namespace skerry::shield {
namespace {

using State = http::BodySource::State;

std::string Long() {
  std::string bytes(kPieceBytes * 3 + 100, 'x');
  for (size_t i = 0; i < bytes.size(); i += 100) bytes[i] = static_cast<char>('a' + (i / 100) % 26);
  return bytes;
}

class PiecesTest : public testing::Test {
 protected:
  PiecesTest() {
    blobs_ = std::move(*BlobStore::Open({scratch_.path()}));
    pool_ = std::make_unique<Pool>("read", 1);
    Capacity(64_MiB);
  }
  void Capacity(ByteCount bytes) { pieces_ = std::make_unique<Pieces>(*blobs_, *pool_, bytes); }
  Sha256Digest Put(const std::string& bytes) {
    auto writer = blobs_->Begin(Sha256(bytes));
    EXPECT_TRUE((*writer)->Append(bytes).has_value());
    EXPECT_TRUE((*writer)->Finish().has_value());
    return Sha256(bytes);
  }
  Result<Chunk> Load(const std::string& bytes, uint64_t index) {
    std::optional<Result<Chunk>> got;
    pieces_->Load(Sha256(bytes), bytes.size(), index, loop_,
                  [&](Result<Chunk> loaded) { got = std::move(loaded); });
    EXPECT_FALSE(got.has_value()) << "called back from inside";
    Drain();
    return got ? std::move(*got) : Fail(Code::kTimeout, Side::kSelf, "never called");
  }
  // A task behind the others has run, so they have posted what they have.
  void Drain() {
    Mutex mutex;
    ConditionVariable changed;
    bool done = false;
    pool_->Run([&] {
      MutexLock lock(mutex);
      done = true;
      changed.NotifyAll();
    });
    {
      MutexLock lock(mutex);
      while (!done) changed.Wait(mutex);
    }
    loop_.RunPosted();
  }
  std::string Pull(http::BodySource& body, size_t at_most = 100'000) {
    std::string all;
    while (true) {
      const auto piece = body.Peek(at_most);
      if (piece.state == State::kEnd) return all;
      if (piece.state == State::kFailed) return all + "(failed)";
      if (piece.state == State::kWait) {
        Drain();
        continue;
      }
      all += piece.bytes;
      body.Consume(piece.bytes.size());
    }
  }
  std::string Part(const std::string& bytes, uint64_t from, uint64_t count) {
    const BodyPart part{Sha256(bytes), bytes.size(), from, count};
    const auto first = Load(bytes, from / kPieceBytes);
    EXPECT_TRUE(first.has_value());
    const auto body = MakeBlobBody(*pieces_, loop_, part, *first);
    EXPECT_EQ(body->length(), count);
    return Pull(*body);
  }

  Scratch scratch_;
  net::FakeLoop loop_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Pieces> pieces_;
  std::unique_ptr<Pool> pool_;  // first to go: it uses all of the above
};

TEST_F(PiecesTest, WhatWasLoadedIsInMemory) {
  Put("abc");
  EXPECT_EQ(pieces_->Find(Sha256("abc"), 0), nullptr);
  EXPECT_EQ(Load("abc", 0)->view(), "abc");
  ASSERT_NE(pieces_->Find(Sha256("abc"), 0), nullptr);
  ASSERT_TRUE(blobs_->Remove(Sha256("abc")).has_value());
  EXPECT_EQ(Load("abc", 0)->view(), "abc");
}

TEST_F(PiecesTest, ErrorsAreToldAndNotKept) {
  EXPECT_EQ(Load("none", 0).error().code, Code::kNotFound);
  Put("none");
  EXPECT_TRUE(Load("none", 0).has_value());
}

TEST_F(PiecesTest, TheLeastRecentlyUsedGoes) {
  Capacity(7);
  for (const char* bytes : {"aaa", "bbb"}) {
    Put(bytes);
    ASSERT_TRUE(Load(bytes, 0).has_value());
  }
  ASSERT_NE(pieces_->Find(Sha256("aaa"), 0), nullptr);
  Put("ccc");
  ASSERT_TRUE(Load("ccc", 0).has_value());
  EXPECT_EQ(pieces_->Find(Sha256("bbb"), 0), nullptr);
  EXPECT_NE(pieces_->Find(Sha256("aaa"), 0), nullptr);
  EXPECT_LE(pieces_->bytes(), 7u);
}

TEST_F(PiecesTest, ManyWhoAskAtOnceAreAllAnswered) {
  Put("abc");
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    pieces_->Load(Sha256("abc"), 3, 0, loop_,
                  [&](Result<Chunk> loaded) { answered += loaded.has_value() ? 1 : 0; });
  }
  Drain();
  EXPECT_EQ(answered, 10);
}

TEST_F(PiecesTest, ABodyIsTheBlobsBytes) {
  const std::string bytes = Long();
  Put(bytes);
  EXPECT_EQ(Part(bytes, 0, bytes.size()), bytes);
}

TEST_F(PiecesTest, APartMayBeginAndEndAnywhere) {
  const std::string bytes = Long();
  Put(bytes);
  for (const uint64_t from : {uint64_t{0}, uint64_t{1}, uint64_t{kPieceBytes - 1},
                              uint64_t{kPieceBytes}, uint64_t{kPieceBytes * 2 + 7}}) {
    for (const uint64_t count : {uint64_t{1}, uint64_t{kPieceBytes}, bytes.size() - from}) {
      if (from + count > bytes.size()) continue;
      EXPECT_EQ(Part(bytes, from, count), bytes.substr(from, count)) << from << " " << count;
    }
  }
}

TEST_F(PiecesTest, ALaterPieceThatDoesNotVerifyFailsTheBody) {
  const std::string bytes = Long();
  const Sha256Digest name = Put(bytes);
  const auto first = Load(bytes, 0);
  {
    std::fstream file(scratch_.path() + "/" + name.Hex().substr(0, 2) + "/" + name.Hex(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(kPieceBytes * 2 + 5));
    file.put('!');
  }
  const auto body = MakeBlobBody(*pieces_, loop_, {name, bytes.size(), 0, bytes.size()}, *first);
  EXPECT_EQ(Pull(*body), bytes.substr(0, kPieceBytes * 2) + "(failed)");
}

TEST_F(PiecesTest, ABodyThatIsGoneIsNotWoken) {
  const std::string bytes = Long();
  Put(bytes);
  const auto first = Load(bytes, 0);
  auto body = MakeBlobBody(*pieces_, loop_, {Sha256(bytes), bytes.size(), 0, bytes.size()}, *first);
  bool woken = false;
  body->WakeWith([&] { woken = true; });
  (void)body->Peek(100);
  body.reset();
  Drain();
  EXPECT_FALSE(woken);
}

}  // namespace
}  // namespace skerry::shield
