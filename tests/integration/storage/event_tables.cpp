#include "integration/storage/event_tables.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <random>

#include "storage/event_folding.h"

namespace repopulse {
namespace {

// Up to here days have one row of rollups, and a fifth of their events in rows of hours that came later.
constexpr std::string_view kFoldedBefore = "2024-05-04";

void AddRollups(Connection& db, std::string_view which) {
  ASSERT_OK(db.Run(fmt::format(
      "INSERT INTO event_rollups SELECT repository_id, hour, GROUP_CONCAT(UNHEX(CONCAT(LPAD(HEX(type_id), 4, 0), "
      "LPAD(HEX(action_id), 4, 0), LPAD(HEX(n), 8, 0), LPAD(HEX(TIME_TO_SEC(begin) % 3600), 4, 0), "
      "LPAD(HEX(TIME_TO_SEC(end) % 3600), 4, 0))) SEPARATOR '') FROM (SELECT repository_id, "
      "DATE_FORMAT(created_at, '%Y-%m-%d %H:00:00') AS hour, type_id, action_id, COUNT(*) AS n, "
      "MIN(created_at) AS begin, MAX(created_at) AS end FROM events WHERE {} "
      "GROUP BY repository_id, hour, type_id, action_id) e GROUP BY repository_id, hour "
      "ON DUPLICATE KEY UPDATE counts = CONCAT(event_rollups.counts, VALUES(counts))",
      which)));
}

}  // namespace

int64_t EventTablesTest::WordId(const std::string& word) {
  if (const auto known = words_.find(word); known != words_.end()) return known->second;
  EXPECT_OK(db().Execute("INSERT INTO event_words (word) VALUES (?)", {word}));
  return words_[word] = db().LastInsertId();
}

void EventTablesTest::Store(const std::vector<Told>& events) {
  ASSERT_OK(db().Run("START TRANSACTION"));
  constexpr size_t kPerStatement = 500;
  for (size_t begin = 0; begin < events.size(); begin += kPerStatement) {
    std::string rows;
    for (size_t i = begin; i < std::min(begin + kPerStatement, events.size()); ++i) {
      const Told& event = events[i];
      rows +=
          fmt::format("{}('{:%F %T}', {}, {}, {}, {}, {}, 'octocat', {}, FALSE, 5, '{{\"number\":5}}')",
                      rows.empty() ? "" : ", ", std::chrono::floor<std::chrono::seconds>(event.created_at), event.id,
                      WordId(event.type), WordId(event.action), event.repository, event.actor, event.bot ? 1 : 0);
    }
    ASSERT_OK(
        db().Run("INSERT INTO events (created_at, id, type_id, action_id, repository_id, actor_id, actor_login, "
                 "bot, merged, number, payload) VALUES " +
                 rows));
  }
  told_.insert(told_.end(), events.begin(), events.end());
  Summarize(db());
  ASSERT_OK(db().Run("COMMIT"));
}

void EventTablesTest::Summarize(Connection& db) {
  for (const char* table :
       {"event_rollups", "event_repository_totals", "event_totals", "event_minutes", "event_kinds", "event_days"}) {
    ASSERT_OK(db.Run(std::string("DELETE FROM ") + table));
  }
  ASSERT_OK(db.Run("SET SESSION group_concat_max_len = 16777215"));
  ASSERT_OK(db.Run("INSERT INTO event_kinds SELECT DISTINCT type_id, action_id FROM events"));
  ASSERT_OK(db.Run("INSERT INTO event_days (day) SELECT DISTINCT DATE(created_at) FROM events"));
  ASSERT_OK(db.Run(
      "INSERT INTO event_minutes SELECT type_id, action_id, DATE_FORMAT(created_at, '%Y-%m-%d %H:%i:00') AS minute, "
      "GROUP_CONCAT(UNHEX(CONCAT(LPAD(HEX(SECOND(created_at)), 2, 0), LPAD(HEX(repository_id), 16, 0))) "
      "SEPARATOR '') FROM events GROUP BY type_id, action_id, minute"));
  ASSERT_OK(
      db.Run("INSERT INTO event_repository_totals SELECT type_id, repository_id, COUNT(*), MIN(created_at), "
             "MAX(created_at), '' FROM events GROUP BY type_id, repository_id"));
  const std::pair<int, const char*> buckets[] = {{3600, "%Y-%m-%d %H:00:00"}, {86400, "%Y-%m-%d 00:00:00"}};
  for (const auto& [seconds, format] : buckets) {
    ASSERT_OK(
        db.Execute("INSERT INTO event_totals SELECT ?, DATE_FORMAT(created_at, ?) AS bucket, type_id, action_id, "
                   "COUNT(*), MIN(created_at), MAX(created_at) FROM events GROUP BY bucket, type_id, action_id",
                   {seconds, format}));
  }
  AddRollups(db, "id % 5 <> 0");
  ASSERT_OK(FoldPastDays(db, std::chrono::floor<std::chrono::days>(At(kFoldedBefore)), [](auto) { return true; }));
  AddRollups(db, "id % 5 = 0");
}

void EventTablesTest::Drop(std::chrono::sys_days before) {
  ASSERT_OK(
      db().Execute("INSERT INTO event_days_dropped SELECT DISTINCT DATE(created_at), ? FROM events "
                   "WHERE created_at < ?",
                   {clock_.Now(), before}));
  ASSERT_OK(db().Execute("DELETE FROM events WHERE created_at < ?", {before}));
  ASSERT_OK(db().Execute("DELETE FROM event_minutes WHERE minute < ?", {before}));
  ASSERT_OK(db().Execute("DELETE FROM event_days WHERE day < ?", {before}));
}

void EventTablesTest::NameRepository(int64_t id, std::string_view full_name, TimePoint seen_at) {
  ASSERT_OK(db().Execute("REPLACE INTO repository_names (name, repository_id, seen_at) VALUES (LOWER(?), ?, ?)",
                         {full_name, id, seen_at}));
  // As the newest event tells it; the counts stay what they are.
  ASSERT_OK(
      db().Execute("INSERT INTO event_repository_totals VALUES (0, ?, 0, ?, ?, ?) ON DUPLICATE KEY UPDATE "
                   "full_name = IF(VALUES(last_at) >= last_at, VALUES(full_name), full_name), "
                   "last_at = GREATEST(last_at, VALUES(last_at))",
                   {id, seen_at, seen_at, full_name}));
}

std::vector<Told> EventTablesTest::Random(size_t count) {
  const std::pair<const char*, const char*> kinds[] = {{"PushEvent", ""},
                                                       {"PushEvent", ""},
                                                       {"WatchEvent", "started"},
                                                       {"IssuesEvent", "opened"},
                                                       {"IssuesEvent", "closed"},
                                                       {"PullRequestEvent", "opened"},
                                                       {"PullRequestEvent", "closed"}};
  std::mt19937_64 random(20240507);
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  std::vector<Told> events;
  for (size_t i = 0; i < count; ++i) {
    const auto& [type, action] = kinds[below(std::size(kinds))];
    // Half of them in bursts of a few minutes, so that seconds are shared.
    const int64_t second = below(2) == 0 ? below(8 * 86400) : below(8) * 86400 + 43'000 + below(300);
    events.push_back({.id = static_cast<int64_t>(i) * 7919 % 100'003,
                      .type = type,
                      .action = action,
                      .repository = 1 + below(100) / 60 + below(100) / 90,
                      .created_at = At("2024-04-29") + std::chrono::seconds{second},
                      .actor = below(20),
                      .bot = below(4) == 0});
  }
  return events;
}

std::vector<Told> EventTablesTest::Matching(const EventFilter& filter, std::optional<TimePoint> since) const {
  std::vector<Told> matching;
  std::ranges::copy_if(told_, std::back_inserter(matching), [&](const Told& event) {
    return (!filter.type || *filter.type == event.type) && (!filter.action || *filter.action == event.action) &&
           (!filter.repository || filter.repository->value == event.repository) &&
           (!since || event.created_at >= *since);
  });
  return matching;
}

}  // namespace repopulse
