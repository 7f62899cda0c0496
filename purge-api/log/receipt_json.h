// Receipts as JSON: on the wire, and in the store.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "purge-api/ledger/ledger.h"

namespace skerry::purge {

// {"id","seq","state":"accepted|complete","nodes":{NAME:{"state","seq","at"}}}
std::string ToJson(std::string_view id, cache::Seq seq, const Receipt& receipt);
// kCorrupt: not what ToJson writes.
Result<Receipt> ReceiptFromJson(std::string_view json);

}  // namespace skerry::purge
