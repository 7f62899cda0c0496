#include "core/http/server/hpack_encoder.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <random>
#include <utility>
#include <vector>

namespace skerry::http {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// What a client makes of blocks: nghttp2's decoder.
class Decoder {
 public:
  Decoder() { nghttp2_hd_inflate_new(&inflater_); }
  ~Decoder() { nghttp2_hd_inflate_del(inflater_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // The block that follows begins with saying so, as nghttp2's sessions do.
  static void Announce(size_t bytes, std::string& block) {
    if (bytes < 31) return block.push_back(static_cast<char>(0x20 | bytes));
    block.push_back(0x3f);
    for (bytes -= 31; bytes >= 128; bytes /= 128) {
      block.push_back(static_cast<char>(0x80 | bytes % 128));
    }
    block.push_back(static_cast<char>(bytes));
  }
  void Allow(size_t bytes) { nghttp2_hd_inflate_change_table_size(inflater_, bytes); }

  // With "broken" at its end where it does not understand.
  Lines Read(const std::string& block) {
    Lines lines;
    const auto* at = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    while (true) {
      nghttp2_nv line{};
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &line, &flags, at, left, 1);
      if (used < 0) {
        lines.emplace_back("broken", "");
        return lines;
      }
      at += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        lines.emplace_back(std::string(reinterpret_cast<char*>(line.name), line.namelen),
                           std::string(reinterpret_cast<char*>(line.value), line.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater_);
        return lines;
      }
    }
  }
  size_t table_bytes() { return nghttp2_hd_inflate_get_dynamic_table_size(inflater_); }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

std::string BlockOf(HpackEncoder& encoder, const Lines& lines, bool lasting = false) {
  HpackLines kept;
  size_t room = 0;
  for (const auto& [name, value] : lines) {
    kept.Add(name, value);
    room += HpackEncoder::MostBytes(name.size(), value.size());
  }
  kept.End();
  EXPECT_EQ(kept.bytes_at_most(), room);
  std::string block(room, '\0');
  char* to = block.data();
  if (lasting) {
    to = encoder.Write(kept, to);
  } else {
    for (const auto& [name, value] : lines) to = encoder.Write(name, value, to);
  }
  block.resize(static_cast<size_t>(to - block.data()));
  return block;
}

const Lines kUsual = {{"content-type", "text/html; charset=utf-8"},
                      {"cache-control", "public, max-age=3600"},
                      {"cache-status", "skerry; hit; ttl=3599"},
                      {"vary", "accept-encoding"}};

TEST(HpackEncoderTest, FieldsThatCameBeforeTakeAByteEach) {
  HpackEncoder encoder;
  Decoder decoder;
  EXPECT_EQ(decoder.Read(BlockOf(encoder, kUsual)), kUsual);
  const std::string again = BlockOf(encoder, kUsual);
  EXPECT_EQ(again.size(), kUsual.size());
  EXPECT_EQ(decoder.Read(again), kUsual);
}

TEST(HpackEncoderTest, ANameThatCameBeforeIsNotSentAgain) {
  HpackEncoder encoder;
  Decoder decoder;
  decoder.Read(BlockOf(encoder, kUsual));
  const Lines other = {{"cache-status", "skerry; hit; ttl=3598"}};
  const std::string block = BlockOf(encoder, other);
  HpackEncoder fresh;
  EXPECT_LT(block.size() + 6, BlockOf(fresh, other).size());
  EXPECT_EQ(decoder.Read(block), other);
}

TEST(HpackEncoderTest, WhatIsOtherWithEveryAnswerPushesNobodyOut) {
  HpackEncoder encoder;
  for (const char* name : {"age", "etag", "location", "set-cookie", "content-length"}) {
    for (const bool lasting : {false, true}) {
      BlockOf(encoder, {{name, "17"}}, lasting);
      EXPECT_EQ(encoder.table_bytes(), 0U) << name;
    }
  }
}

TEST(HpackEncoderTest, AFieldOfNearlyAllTheTableIsNotPutThere) {
  HpackEncoder encoder;
  Decoder decoder;
  decoder.Read(BlockOf(encoder, kUsual));
  const size_t before = encoder.table_bytes();
  const Lines large = {{"link", std::string(3500, '<')}, {"csp", std::string(9000, 'y')}};
  EXPECT_EQ(decoder.Read(BlockOf(encoder, large)), large);
  EXPECT_EQ(encoder.table_bytes(), before);
}

TEST(HpackEncoderTest, WithoutATableNothingIsRemembered) {
  HpackEncoder encoder;
  encoder.SetTableSize(0);
  Decoder decoder;
  decoder.Allow(0);
  std::string block;
  Decoder::Announce(0, block);
  EXPECT_EQ(decoder.Read(block + BlockOf(encoder, kUsual)), kUsual);
  EXPECT_EQ(decoder.Read(BlockOf(encoder, kUsual)), kUsual);
  EXPECT_EQ(decoder.table_bytes(), 0U);
}

TEST(HpackEncoderTest, TheSameLinesAgainAreTheSameUntilTheTableChanges) {
  HpackEncoder encoder;
  Decoder decoder;
  HpackLines lines;
  for (const auto& [name, value] : kUsual) lines.Add(name, value);
  lines.Add("etag", "\"abc\"");
  lines.End();
  Lines expected = kUsual;
  expected.emplace_back("etag", "\"abc\"");
  const auto send = [&] {
    std::string block(lines.bytes_at_most(), '\0');
    block.resize(static_cast<size_t>(encoder.Write(lines, block.data()) - block.data()));
    return decoder.Read(block);
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(send(), expected);
  for (int i = 0; i < 200; ++i) {
    const Lines other = {{"x-other", std::to_string(i)}};
    EXPECT_EQ(decoder.Read(BlockOf(encoder, other)), other);
    EXPECT_EQ(send(), expected);
    EXPECT_EQ(send(), expected);
  }
  std::string announced;
  encoder.SetTableSize(100);
  decoder.Allow(100);
  Decoder::Announce(100, announced);
  EXPECT_EQ(decoder.Read(announced), Lines());
  EXPECT_EQ(send(), expected);
  EXPECT_EQ(send(), expected);
}

TEST(HpackEncoderTest, AfterARestNothingOfOldIsUsedAndAllIsRead) {
  HpackEncoder encoder;
  Decoder decoder;
  decoder.Read(BlockOf(encoder, kUsual));
  encoder.Rest();
  EXPECT_EQ(encoder.table_bytes(), 0U);
  const std::string block = BlockOf(encoder, kUsual);
  HpackEncoder fresh;
  EXPECT_EQ(block, BlockOf(fresh, kUsual));
  EXPECT_EQ(decoder.Read(block), kUsual);
}

// A small vocabulary, so that fields come again and again, others push them out, and names
// have several values.
Lines RandomLines(std::mt19937_64& random) {
  static const char* const kNames[] = {
      "content-type", "cache-control", "cache-status",    "x-a",        "age", "etag",
      "date",         "vary",          "accept-encoding", "set-cookie", "link"};
  Lines lines;
  const size_t count = random() % 9;
  for (size_t i = 0; i < count; ++i) {
    std::string value = "v" + std::to_string(random() % 40);
    if (random() % 4 == 0) value.append(random() % 300, static_cast<char>('a' + random() % 26));
    if (random() % 500 == 0) value.append(random() % 6000, static_cast<char>(random() % 256));
    if (random() % 50 == 0) value.clear();
    if (random() % 50 == 0) value = "gzip, deflate";
    lines.emplace_back(kNames[random() % std::size(kNames)], std::move(value));
  }
  return lines;
}

TEST(HpackEncoderTest, ADecoderReadsWhatWasWrittenWhateverTheTable) {
  std::mt19937_64 random(7);
  for (int connection = 0; connection < 60; ++connection) {
    HpackEncoder encoder;
    Decoder decoder;
    for (int block_number = 0; block_number < 300; ++block_number) {
      std::string block;
      if (random() % 40 == 0) {
        const size_t size = random() % 3 == 0 ? random() % 200 : random() % 70'000;
        encoder.SetTableSize(size);
        decoder.Allow(size);
        // As nghttp2 does: the client's wish, but no more than the usual size.
        Decoder::Announce(std::min(size, HpackEncoder::kMostTableBytes), block);
      }
      if (random() % 40 == 0) encoder.Rest();
      const Lines lines = RandomLines(random);
      block += BlockOf(encoder, lines, random() % 2 == 0);
      ASSERT_EQ(decoder.Read(block), lines) << connection << " " << block_number;
      ASSERT_LE(encoder.table_bytes(), decoder.table_bytes());
    }
  }
}

}  // namespace
}  // namespace skerry::http
