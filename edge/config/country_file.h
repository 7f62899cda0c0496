// Countries from a MaxMind DB file (GeoLite2-Country, DB-IP, …). libmaxminddb stays in
// country_file.cc.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/gateway/rules/dimensions.h"

namespace skerry::edge {

// Owner: the configuration snapshot. Thread: any. The file is mapped: replace it by
// renaming another over it, then HUP.
class CountryFile : public gateway::Countries {
 public:
  // Errors name the file and what is wrong with it.
  static Result<std::shared_ptr<const CountryFile>> Open(const std::string& path);
  ~CountryFile() override;

  std::string Of(const net::Address& client) const override;

 private:
  struct Mapped;
  explicit CountryFile(std::unique_ptr<Mapped> mapped);

  std::unique_ptr<Mapped> mapped_;
};

}  // namespace skerry::edge
