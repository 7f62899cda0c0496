// Heads that came before, by themselves and under a connection.
#include "core/http/server/head_memo.h"

#include <gmock/gmock.h>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

HeadBlock BlockOf(const FieldList& fields) {
  HeadBlock block;
  for (const auto& [name, value] : fields) block.Add(name, value);
  return block;
}

TEST(HeadBlockTest, GivesBackWhatWasAdded) {
  RequestHead head;
  BlockOf({{":method", "GET"},
           {":scheme", "https"},
           {":authority", "a.example"},
           {"accept", ""},
           {"x", std::string("a\nb\0c", 5)}})
      .AddTo(head);
  EXPECT_EQ(
      head,
      (RequestHead{
          "GET", "https", "a.example", "", {{"accept", ""}, {"x", std::string("a\nb\0c", 5)}}}));
}

TEST(HeadBlockTest, FieldsThatRunTogetherDifferFromOthersThatDo) {
  EXPECT_NE(BlockOf({{"ab", "c"}}).bytes(), BlockOf({{"a", "bc"}}).bytes());
  EXPECT_NE(BlockOf({{"a", "b"}, {"c", "d"}}).bytes(), BlockOf({{"a", "bcd"}}).bytes());
}

class HeadMemoTest : public testing::Test {
 protected:
  // As a session does it: looks, and offers what was not there.
  bool Comes(const std::string& block) {
    const bool known = memo_->Find(block) != nullptr;
    if (!known) memo_->Put(block, {"GET", "https", "a.example", "/path", {{"x", block}}});
    return known;
  }

  const std::unique_ptr<HeadMemo> memo_ = std::make_unique<HeadMemo>();
};

TEST_F(HeadMemoTest, AHeadIsKnownFromTheThirdTimeOn) {
  EXPECT_FALSE(Comes("a"));
  EXPECT_FALSE(Comes("a"));
  EXPECT_TRUE(Comes("a"));
  EXPECT_EQ(memo_->Find("a")->head, (RequestHead{"GET", "https", "a.example", "", {{"x", "a"}}}));
}

TEST_F(HeadMemoTest, WhatComesOncePushesNobodyOut) {
  for (int i = 0; i < 3; ++i) Comes("known");
  for (size_t i = 0; i < 4 * HeadMemo::kSlots; ++i) Comes("once " + std::to_string(i));
  EXPECT_TRUE(Comes("known"));
}

TEST_F(HeadMemoTest, AHeadIsNeverTakenForAnotherOne) {
  for (int round = 0; round < 4; ++round) {
    for (size_t i = 0; i < 3 * HeadMemo::kSlots; ++i) {
      const std::string block = std::to_string(i);
      for (int again = 0; again < 3; ++again) Comes(block);
      ASSERT_EQ(memo_->Find(block)->head.fields.Find("x"), block);
    }
  }
}

TEST_F(HeadMemoTest, ALongHeadIsNotKept) {
  const std::string longest(HeadMemo::kMostBytes, 'a');
  for (int i = 0; i < 3; ++i) Comes(longest);
  EXPECT_TRUE(Comes(longest));
  for (int i = 0; i < 3; ++i) Comes(longest + "a");
  EXPECT_FALSE(Comes(longest + "a"));
}

class KnownHeadTest : public SessionTest {
 protected:
  std::shared_ptr<ServerStream> Ask(const std::string& path, const std::string& value,
                                    H2Client& client) {
    client.Send({{":method", "GET"},
                 {":scheme", "https"},
                 {":authority", "a.example"},
                 {":path", path},
                 {"x-test", value},
                 {"cookie", "a=1"},
                 {"cookie", "b=2"}});
    client.Exchange();
    return request(requests_.size() - 1).stream;
  }
};

TEST_F(KnownHeadTest, ConnectionsShareAHeadAndEachRequestHasItsPath) {
  H2Client first(loop_, Connect("h2"));
  H2Client second(loop_, Connect("h2"));
  Ask("/1", "ConnectionsShare", first);
  Ask("/2", "ConnectionsShare", second);
  const auto third = Ask("/3", "ConnectionsShare", first);
  const auto fourth = Ask("/4?q", "ConnectionsShare", second);
  ASSERT_NE(third->shared_head(), nullptr);
  EXPECT_EQ(third->shared_head(), fourth->shared_head());
  EXPECT_EQ(third->path(), "/3");
  EXPECT_EQ(fourth->path(), "/4?q");
  EXPECT_EQ(third->request(),
            (RequestHead{"GET",
                         "https",
                         "a.example",
                         "/3",
                         {{"x-test", "ConnectionsShare"}, {"cookie", "a=1; b=2"}}}));
  EXPECT_EQ(fourth->request().path, "/4?q");
  const auto other = Ask("/3", "ConnectionsShare2", first);
  EXPECT_EQ(other->shared_head(), nullptr);
  EXPECT_EQ(other->request().fields.Find("x-test"), "ConnectionsShare2");
}

TEST_F(KnownHeadTest, ThePathOfAKnownHeadIsCheckedAllTheSame) {
  H2Client client(loop_, Connect("h2"));
  for (int i = 0; i < 3; ++i) Ask("/1", "ThePathIsChecked", client);
  const size_t before = requests_.size();
  const auto refused = [&](std::string path) {
    const int32_t stream = client.Send({{":method", "GET"},
                                        {":scheme", "https"},
                                        {":authority", "a.example"},
                                        {":path", std::move(path)},
                                        {"x-test", "ThePathIsChecked"},
                                        {"cookie", "a=1"},
                                        {"cookie", "b=2"}});
    client.Exchange();
    return client.answer(stream).status;
  };
  EXPECT_EQ(refused("/a#b"), 400);
  EXPECT_EQ(refused("/" + std::string(options_.limits.path_bytes, 'a')), 414);
  EXPECT_EQ(requests_.size(), before);
}

TEST_F(KnownHeadTest, AHeadInPiecesIsNotMixedWithAnotherConnections) {
  H2Client first(loop_, Connect("h2"));
  H2Client second(loop_, Connect("h2"));
  Ask("/1", "InPieces", first);
  first.Send({{":method", "GET"},
              {":scheme", "https"},
              {":authority", "a.example"},
              {":path", "/half"},
              {"x-test", "half"}});
  const uint8_t* data = nullptr;
  const ssize_t size = nghttp2_session_mem_send(first.session(), &data);
  ASSERT_GT(size, 20);
  const std::string frame(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  for (size_t i = 0; i < frame.size(); ++i) {
    first.wire().Receive(frame.substr(i, 1));
    loop_.RunPosted();
    if (i == frame.size() / 2) Ask("/2", "Between", second);
  }
  const RequestHead& head = request(requests_.size() - 1).stream->request();
  EXPECT_EQ(head.path, "/half");
  EXPECT_EQ(head.fields, (Fields{{"x-test", "half"}}));
}

}  // namespace
}  // namespace skerry::http
