// The characters of tokens (RFC 9110 5.6.2), of which methods and names of fields are made.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/ascii.h"

namespace skerry::http {

constexpr std::array<char, 256> MakeTokenTable() {
  std::array<char, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<uint8_t>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<uint8_t>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<uint8_t>(c)] = skerry::AsciiLower(c);
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = c;
  return table;
}
inline constexpr std::array<char, 256> kTokenTable = MakeTokenTable();

// The lower case of what may stand in a token; 0 for all else.
constexpr char TokenLower(char c) { return kTokenTable[static_cast<uint8_t>(c)]; }

}  // namespace skerry::http
