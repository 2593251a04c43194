#include "storage/event_names.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>

#include "base/strings.h"
#include "storage/bulk.h"
#include "storage/repository_rows.h"

namespace repopulse {
namespace {

// It only grows, so an old value is merely less sharp.
constexpr std::chrono::minutes kOldestFetchKept{10};
constexpr size_t kFindGroups[] = {500, 50};

constexpr std::string_view kInsertNames = "INSERT INTO repository_names (name, repository_id, seen_at) VALUES";
constexpr std::string_view kOldestFetch = "SELECT MIN(fetched_at) FROM repositories";
constexpr std::string_view kFind = "SELECT id, full_name, fetched_at FROM repositories WHERE id IN ";
// The name of the newest event counts, also where events come out of order. All that are stored are counted already.
constexpr std::string_view kFollow = R"(
  UPDATE repositories SET full_name = ?
  WHERE id = ? AND fetched_at < ?
    AND NOT EXISTS (SELECT 1 FROM event_repository_totals e
                    WHERE e.repository_id = ? AND e.last_at > ? AND e.full_name <> ''))";

Status WriteNames(Connection& db, const std::vector<Naming>& names) {
  using enum BulkKind;
  BulkRows rows({kText, kInteger, kTime}, names.size());
  for (const Naming& naming : names) {
    rows.Add(std::string_view(naming.name), naming.event->repository.value, naming.seen_at);
  }
  auto written = db.Insert({.head = kInsertNames, .tail = kNewerHolderWins}, rows);
  if (!written) return WithContext("write names", std::move(written.error()));
  return {};
}

using NewestNames = std::unordered_map<int64_t, const Naming*>;  // by repository

NewestNames NewestAfter(const std::vector<Naming>& names, TimePoint oldest) {
  NewestNames newest;
  for (const Naming& naming : names) {
    if (naming.seen_at <= oldest) continue;
    const Naming*& known = newest[naming.event->repository.value];
    if (known == nullptr || known->seen_at < naming.seen_at) known = &naming;
  }
  return newest;
}

// Those whose stored name is older and another.
Result<std::vector<const Naming*>> FindRenamed(Connection& db, const NewestNames& newest) {
  std::vector<int64_t> ids;
  ids.reserve(newest.size());
  for (const auto& [id, naming] : newest) ids.push_back(id);
  std::ranges::sort(ids);
  std::vector<const Naming*> renamed;
  std::vector<Value> keys;
  for (size_t begin = 0; begin < ids.size();) {
    const size_t left = ids.size() - begin;
    const size_t group = left > kFindGroups[1] ? kFindGroups[0] : kFindGroups[1];
    const size_t count = std::min(left, group);
    keys.clear();
    for (size_t i = 0; i < group; ++i) keys.emplace_back(ids[begin + std::min(i, count - 1)]);
    auto read = db.Query(std::string(kFind) + Placeholders(1, group), keys, [&](const Row& row) {
      const Naming* naming = newest.at(row.Int(0));
      if (row.Time(2) < naming->seen_at && row.Text(1) != naming->event->repository_name) renamed.push_back(naming);
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    begin += count;
  }
  return renamed;
}

}  // namespace

std::vector<Naming> NewNamings(const EventBatch& batch) {
  std::unordered_map<std::string_view, const BatchEvent*> newest;  // by spelling
  newest.reserve(batch.events.size());
  for (const BatchEvent& event : batch.events) {
    if (event.fate != EventFate::kNew || event.event->repository_name.empty() || event.event->repository.value <= 0) {
      continue;
    }
    newest[event.event->repository_name] = &event;  // they are in the order of time
  }
  std::vector<Naming> names;
  names.reserve(newest.size());
  for (const auto& [spelling, event] : newest) {
    names.push_back({.name = ToLowerAscii(spelling), .event = event->event, .seen_at = event->created_at});
  }
  std::ranges::sort(names, [](const Naming& a, const Naming& b) {
    return std::tie(a.name, b.seen_at, b.event->repository.value) <
           std::tie(b.name, a.seen_at, a.event->repository.value);
  });
  const auto same_name = [](const Naming& a, const Naming& b) { return a.name == b.name; };
  names.erase(std::unique(names.begin(), names.end(), same_name), names.end());
  return names;
}

Status EventNames::Note(Connection& db, const std::vector<Naming>& names) {
  if (names.empty()) return {};
  if (auto written = WriteNames(db, names); !written) return written;
  auto oldest = OldestFetch(db);
  if (!oldest) return tl::make_unexpected(std::move(oldest.error()));
  if (!*oldest) return {};
  auto renamed = FindRenamed(db, NewestAfter(names, **oldest));
  if (!renamed) return WithContext("find renamed repositories", std::move(renamed.error()));
  for (const Naming* naming : *renamed) {
    const RepositoryId id = naming->event->repository;
    auto written = db.Execute(kFollow, {naming->event->repository_name, id, naming->seen_at, id, naming->seen_at});
    if (!written) return WithContext("rename a repository", std::move(written.error()));
  }
  return {};
}

Result<std::optional<TimePoint>> EventNames::OldestFetch(Connection& db) {
  const SteadyTime now = clock_.SteadyNow();
  {
    const std::lock_guard lock(mutex_);
    if (oldest_fetch_ && now < oldest_fetch_read_at_ + kOldestFetchKept) return oldest_fetch_;
  }
  std::optional<TimePoint> oldest;
  auto read = db.Query(kOldestFetch, {}, [&](const Row& row) { oldest = row.OptionalTime(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const std::lock_guard lock(mutex_);
  oldest_fetch_ = oldest;
  oldest_fetch_read_at_ = now;
  return oldest;
}

}  // namespace repopulse
