#include "core/cache/disk/loading.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

IndexRow RowOf(const ParsedRowKey& key, const MetaRow& meta) {
  return {.row = {.key = key.key,
                  .vary = InternVary(meta.vary),
                  .variant_hash = key.variant_hash,
                  .fill_id = meta.fill_id,
                  .position = meta.positions.front(),
                  .size = meta.body_size,
                  .seq = meta.seq},
          .oldest = *std::min_element(meta.positions.begin(), meta.positions.end()),
          .has_more = !IsPlainRun(meta)};
}

}  // namespace

Loaded LoadIndex(Store& store, Index& index, Appender& appender, const std::atomic<bool>& stop) {
  Loaded loaded;
  const BodyLog& bodies = store.bodies();
  std::vector<IndexRow> rows;
  std::vector<DiskRow> gone;
  const Status scanned = store.ScanMeta({}, [&](std::string_view row_key, std::string_view bytes) {
    const std::optional<ParsedRowKey> key = ParseRowKey(row_key);
    const std::optional<MetaRow> meta = DecodeRow(row_key, bytes);
    if (!key || !meta) {
      ++loaded.damaged;
      if (key) gone.push_back({.key = key->key, .variant_hash = key->variant_hash});
      return !stop.load(std::memory_order_relaxed);
    }
    const bool whole = std::all_of(meta->positions.begin(), meta->positions.end(),
                                   [&](uint64_t position) { return bodies.Has(position); });
    if (!whole) {
      // Or replaced by this process and dropped since the scan began.
      if (index.Contains(key->key, key->variant_hash)) return true;
      ++loaded.dangling;
      gone.push_back({.key = key->key, .variant_hash = key->variant_hash});
    } else {
      rows.push_back(RowOf(*key, *meta));
    }
    return !stop.load(std::memory_order_relaxed);
  });
  if (!scanned) {
    loaded.unreadable = scanned.error().code == Code::kCorrupt;
    LogWarning("disk: rows cannot be read", {{"error", scanned.error().ToString()}});
  }
  std::sort(rows.begin(), rows.end(),
            [](const IndexRow& a, const IndexRow& b) { return a.oldest < b.oldest; });
  for (const IndexRow& row : rows) {
    const Index::Put put = index.InsertLoaded(row);
    if (put == Index::Put::kDone) ++loaded.rows;
    if (put == Index::Put::kBelowHorizon || put == Index::Put::kUnfit) gone.push_back(row.row);
  }
  index.EndLoading();
  appender.Delete(std::move(gone));
  return loaded;
}

}  // namespace skerry::cache::disk
