#include "core/http/server/h2_frame_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace skerry::http {
namespace {

using testing::ElementsAre;
using Verdict = H2StreamLedger::Verdict;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string Frame(uint8_t type, uint8_t flags, uint8_t stream, std::string_view payload) {
  std::string frame{
      0, 0, static_cast<char>(payload.size()), static_cast<char>(type), static_cast<char>(flags), 0,
      0, 0, static_cast<char>(stream)};
  return frame.append(payload);
}

// Types of the frames found, with the bytes cut into pieces of `step`.
std::vector<int> Types(std::string_view bytes, size_t step) {
  H2FrameScanner scanner;
  std::vector<int> types;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (const auto frame = scanner.Next(&piece)) types.push_back(frame->type);
  }
  return types;
}

TEST(H2FrameScannerTest, FindsFramesHoweverTheBytesAreCut) {
  const std::string bytes = std::string(kPreface) + Frame(4, 0, 0, "") + Frame(0, 8, 1, "\1ab") +
                            Frame(0, 8, 1, std::string(1, '\0')) + Frame(0, 8, 1, "") +
                            Frame(99, 0, 7, "xyz") + Frame(1, 4, 1, "head");
  for (size_t step = 1; step <= bytes.size(); ++step) {
    EXPECT_THAT(Types(bytes, step), ElementsAre(4, 0, 0, 0, 99, 1)) << step;
  }
}

TEST(H2FrameScannerTest, SaysWhatStandsInTheHeader) {
  H2FrameScanner scanner;
  const std::string bytes = std::string(kPreface) + std::string("\1\2\3\x08\x21\x80\0\1\5", 9);
  std::string_view rest = bytes;
  const auto frame = scanner.Next(&rest);
  ASSERT_TRUE(frame);
  EXPECT_EQ(0x010203u, frame->length);
  EXPECT_EQ(8, frame->type);
  EXPECT_EQ(0x21, frame->flags);
  EXPECT_EQ(0x105u, frame->stream);  // without the reserved bit
}

TEST(H2FrameScannerTest, KnowsDataThatIsNothingButPadding) {
  const auto only_padding = [](std::string_view payload, uint8_t flags) {
    H2FrameScanner scanner;
    const std::string bytes = std::string(kPreface) + Frame(0, flags, 1, payload);
    std::string_view rest = bytes;
    return scanner.Next(&rest)->only_padding;
  };
  EXPECT_TRUE(only_padding(std::string("\2\0\0", 3), 8));
  EXPECT_TRUE(only_padding(std::string("\0", 1), 8));
  EXPECT_FALSE(only_padding(std::string("\2x\0\0", 4), 8));
  EXPECT_FALSE(only_padding(std::string("\2\0\0", 3), 0));
}

TEST(H2StreamLedgerTest, SkippedNumbersAreToldFromUsedOnes) {
  H2StreamLedger ledger;
  EXPECT_EQ(Verdict::kNew, ledger.Headers(3));
  EXPECT_EQ(Verdict::kNew, ledger.Headers(5));
  EXPECT_EQ(Verdict::kNew, ledger.Headers(11));
  EXPECT_EQ(Verdict::kSkipped, ledger.Headers(1));
  EXPECT_EQ(Verdict::kSeen, ledger.Headers(3));
  EXPECT_EQ(Verdict::kSeen, ledger.Headers(5));
  EXPECT_EQ(Verdict::kSkipped, ledger.Headers(7));
  EXPECT_EQ(Verdict::kSkipped, ledger.Headers(9));
  EXPECT_EQ(Verdict::kSeen, ledger.Headers(11));
  EXPECT_EQ(Verdict::kNew, ledger.Headers(13));
}

TEST(H2StreamLedgerTest, MemoryOfGapsIsBounded) {
  H2StreamLedger ledger;
  for (uint32_t stream = 1; stream < 100'000; stream += 4) ledger.Headers(stream);
  EXPECT_EQ(Verdict::kSkipped, ledger.Headers(99'995));
  EXPECT_EQ(Verdict::kSeen, ledger.Headers(3));
}

}  // namespace
}  // namespace skerry::http
