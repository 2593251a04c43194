#include "storage/event_word_names.h"

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr std::string_view kWords = "SELECT id, word FROM event_words";

}  // namespace

std::optional<int64_t> EventWordNames::KnownId(const std::string& word) {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(word);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> EventWordNames::KnownName(int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(id);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

Status EventWordNames::Load(Connection& db) {
  return db.Query(kWords, {}, [&](const Row& row) {
    const std::lock_guard lock(mutex_);
    names_.emplace(row.Int(0), row.Text(1));
    ids_.emplace(row.Text(1), row.Int(0));
  });
}

Result<std::optional<int64_t>> EventWordNames::IdOf(Connection& db, const std::string& word) {
  auto known = KnownId(word);
  if (known) return known;
  if (auto loaded = Load(db); !loaded) return WithContext("read the words of events", std::move(loaded.error()));
  return KnownId(word);
}

Result<std::string> EventWordNames::NameOf(Connection& db, int64_t id) {
  if (auto known = KnownName(id)) return *std::move(known);
  if (auto loaded = Load(db); !loaded) return WithContext("read the words of events", std::move(loaded.error()));
  if (auto known = KnownName(id)) return *std::move(known);
  return Fail(ErrorCode::kInternal, "no word of events has the id " + std::to_string(id));
}

}  // namespace repopulse
