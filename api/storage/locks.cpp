#include "storage/locks.h"

#include <fmt/format.h>

#include "base/encode.h"

namespace repopulse {
namespace {

constexpr std::string_view kTake = "SELECT GET_LOCK(?, ?)";
constexpr std::string_view kFree = "SELECT RELEASE_LOCK(?)";
constexpr std::string_view kHolder = "SELECT IS_USED_LOCK(?)";
constexpr size_t kNameSizeMax = 64;  // MySQL's limit

}  // namespace

NamedLock::NamedLock(std::string_view what, std::string_view database)
    : name_(fmt::format("repopulse:{}:{}", what, database)) {
  if (name_.size() > kNameSizeMax) name_ = fmt::format("repopulse:{}:{}", what, ContentHash(database));
}

Result<bool> NamedLock::Take(Connection& db, std::chrono::seconds wait) const {
  bool taken = false;
  auto asked = db.Query(kTake, {name_, wait.count()}, [&](const Row& row) { taken = row.OptionalInt(0) == 1; });
  if (!asked) return tl::make_unexpected(std::move(asked.error()));
  return taken;
}

void NamedLock::Free(Connection& db) const {
  if (db.health() != ConnectionHealth::kUsable) return;
  // If this fails, closing the connection frees it.
  static_cast<void>(db.Query(kFree, {name_}, [](const Row&) {}));
}

Result<std::optional<int64_t>> NamedLock::Holder(Connection& db) const {
  std::optional<int64_t> holder;
  auto asked = db.Query(kHolder, {name_}, [&](const Row& row) { holder = row.OptionalInt(0); });
  if (!asked) return tl::make_unexpected(std::move(asked.error()));
  return holder;
}

}  // namespace repopulse
