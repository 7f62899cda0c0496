#include "edge/config/country_file.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>

#include <cstring>
#include <utility>

namespace skerry::edge {
namespace {

// "192.0.2.1", "2001:db8::1"; an IPv4 address inside of IPv6 is that IPv4 address.
bool ToSocketAddress(const std::string& host, sockaddr_storage& storage) {
  std::memset(&storage, 0, sizeof storage);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    return true;
  }
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
    in_addr inner;
    std::memcpy(&inner, v6->sin6_addr.s6_addr + 12, sizeof inner);
    std::memset(&storage, 0, sizeof storage);
    v4->sin_family = AF_INET;
    v4->sin_addr = inner;
    return true;
  }
  v6->sin6_family = AF_INET6;
  return true;
}

bool IsCountry(std::string_view text) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 2 && capital(text[0]) && capital(text[1]);
}

// entry[table]["iso_code"]; empty if it is no country.
std::string_view CodeIn(MMDB_entry_s& entry, const char* table) {
  MMDB_entry_data_s data;
  if (MMDB_get_value(&entry, &data, table, "iso_code", nullptr) != MMDB_SUCCESS) return {};
  if (!data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  const std::string_view code(data.utf8_string, data.data_size);
  return IsCountry(code) ? code : std::string_view();
}

}  // namespace

struct CountryFile::Mapped {
  MMDB_s db;
};

CountryFile::CountryFile(std::unique_ptr<Mapped> mapped) : mapped_(std::move(mapped)) {}

CountryFile::~CountryFile() { MMDB_close(&mapped_->db); }

Result<std::shared_ptr<const CountryFile>> CountryFile::Open(const std::string& path) {
  auto mapped = std::make_unique<Mapped>();
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &mapped->db);
  if (status != MMDB_SUCCESS) {
    return Fail(Code::kIo, Side::kConfig, path + ": " + MMDB_strerror(status));
  }
  return std::shared_ptr<const CountryFile>(new CountryFile(std::move(mapped)));
}

std::string CountryFile::Of(const net::Address& client) const {
  sockaddr_storage storage;
  std::string country(gateway::kNoCountry);
  if (!ToSocketAddress(client.host, storage)) return country;
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&mapped_->db, reinterpret_cast<const sockaddr*>(&storage), &error);
  if (error != MMDB_SUCCESS || !found.found_entry) return country;
  for (const char* table : {"country", "registered_country"}) {
    const std::string_view code = CodeIn(found.entry, table);
    if (code.empty()) continue;
    country = code;
    break;
  }
  return country;
}

}  // namespace skerry::edge
