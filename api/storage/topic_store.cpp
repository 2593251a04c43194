#include "storage/topic_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "storage/publication.h"
#include "storage/ranking.h"
#include "storage/sweep_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kErrorBytesMax = 500;

constexpr std::string_view kTracked = "(configured OR requested)";
const std::string kColumns = fmt::format(
    "SELECT id, name, added_at, {} AS tracked, next_poll_at, published_at, repositories_count, reported_count, "
    "complete, "
    "last_error FROM topics",
    kTracked);
const std::string kList = fmt::format("{} WHERE {} ORDER BY name", kColumns, kTracked);
const std::string kFind = kColumns + " WHERE name = ?";
const std::string kDue =
    fmt::format("{} WHERE {} AND next_poll_at <= ? ORDER BY published_at IS NOT NULL, next_poll_at, id LIMIT ?",
                kColumns, kTracked);
// next_poll_at comes first: the assignments are made in this order, and it depends on what the flags were.
constexpr std::string_view kTrack = R"(
  INSERT INTO topics (name, added_at, requested, next_poll_at) VALUES (?, ?, TRUE, ?)
  ON DUPLICATE KEY UPDATE next_poll_at = IF(configured OR requested, next_poll_at, VALUES(next_poll_at)),
    requested = TRUE)";
constexpr std::string_view kUntrack =
    "UPDATE topics SET configured = FALSE, requested = FALSE WHERE name = ? AND (configured OR requested)";
constexpr std::string_view kConfigure = R"(
  INSERT INTO topics (name, added_at, configured, next_poll_at) VALUES (?, ?, TRUE, ?)
  ON DUPLICATE KEY UPDATE next_poll_at = IF(configured OR requested, next_poll_at, VALUES(next_poll_at)),
    configured = TRUE)";
constexpr std::string_view kConfigured = "SELECT name FROM topics WHERE configured ORDER BY name FOR UPDATE";
constexpr std::string_view kUnconfigure = "UPDATE topics SET configured = FALSE WHERE name = ?";
constexpr std::string_view kReschedule = "UPDATE topics SET next_poll_at = ?, last_error = ? WHERE id = ?";

std::optional<Topic> ReadTopic(const Row& row) {
  auto name = TopicName::Parse(row.Text(1));
  if (!name) return std::nullopt;
  return Topic{.id = TopicId{row.Int(0)},
               .name = *std::move(name),
               .added_at = row.Time(2),
               .tracked = row.Bool(3),
               .next_poll_at = row.Time(4),
               .published_at = row.OptionalTime(5),
               .repositories_count = row.Int(6),
               .reported_count = row.Int(7),
               .complete = row.Bool(8),
               .last_error = row.OptionalText(9)};
}

Result<std::vector<Topic>> ReadTopics(Pool& pool, std::string_view sql, const std::vector<Value>& parameters) {
  return WithConnection(pool, [&](Connection& db) -> Result<std::vector<Topic>> {
    std::vector<Topic> topics;
    auto read = db.Query(sql, parameters, [&](const Row& row) {
      if (auto topic = ReadTopic(row)) topics.push_back(*std::move(topic));
    });
    if (!read) return WithContext("read topics", std::move(read.error()));
    return topics;
  });
}

Status Configure(Connection& db, const std::vector<TopicName>& names, TimePoint now) {
  std::vector<std::string> gone;
  auto read = db.Query(kConfigured, {}, [&](const Row& row) {
    const std::string name = row.Text(0);
    if (std::ranges::find(names, name, &TopicName::str) == names.end()) gone.push_back(name);
  });
  if (!read) return read;
  for (const std::string& name : gone) {
    if (auto written = db.Execute(kUnconfigure, {name}); !written) return tl::make_unexpected(written.error());
  }
  for (const TopicName& name : names) {
    auto written = db.Execute(kConfigure, {name.str(), now, now});
    if (!written) return tl::make_unexpected(std::move(written.error()));
  }
  return {};
}

}  // namespace

Result<std::vector<Topic>> SqlTopicStore::List() { return ReadTopics(reads_, kList, {}); }

Result<std::optional<Topic>> SqlTopicStore::Find(const TopicName& name) {
  auto topics = ReadTopics(reads_, kFind, {name.str()});
  if (!topics) return tl::make_unexpected(std::move(topics.error()));
  return topics->empty() ? std::nullopt : std::optional(topics->front());
}

Result<Topic> SqlTopicStore::Track(const TopicName& name, TimePoint now) {
  auto written = WithConnection(reads_, [&](Connection& db) { return db.Execute(kTrack, {name.str(), now, now}); });
  if (!written) return WithContext("track " + name.str(), std::move(written.error()));
  auto topic = Find(name);
  if (!topic) return tl::make_unexpected(std::move(topic.error()));
  if (!*topic) return Fail(ErrorCode::kInternal, "the topic " + name.str() + " is missing after tracking it");
  return **std::move(topic);
}

Result<bool> SqlTopicStore::Untrack(const TopicName& name) {
  auto written = WithConnection(reads_, [&](Connection& db) { return db.Execute(kUntrack, {name.str()}); });
  if (!written) return WithContext("untrack " + name.str(), std::move(written.error()));
  return *written > 0;
}

Status SqlTopicStore::SyncConfigured(const std::vector<TopicName>& names, TimePoint now) {
  // One order for all replicas, so that two that start at once wait for each other instead of deadlocking.
  std::vector<TopicName> sorted = names;
  std::ranges::sort(sorted);
  auto synced = WithConnection(work_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return Configure(same, sorted, now); });
  });
  if (!synced) return WithContext("track the configured topics", std::move(synced.error()));
  return synced;
}

Result<std::vector<Topic>> SqlTopicStore::Due(TimePoint now, size_t limit) {
  return ReadTopics(work_, kDue, {now, limit});
}

Status SqlTopicStore::Reschedule(TopicId topic, TimePoint next_poll_at, const std::optional<std::string>& error) {
  std::optional<std::string_view> message;
  if (error) message = TruncateUtf8(*error, kErrorBytesMax);
  auto written = WithConnection(work_, [&](Connection& db) {
    return db.Execute(kReschedule, {next_poll_at, message, topic});
  });
  if (!written) return WithContext("reschedule a topic", std::move(written.error()));
  if (*written == 0) return Fail(ErrorCode::kNotFound, "no such topic");
  return {};
}

Result<Sweep> SqlTopicStore::OpenSweep(TopicId topic, TimePoint now, TimePoint restart_before) {
  auto sweep = WithConnection(work_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return repopulse::OpenSweep(same, topic, now, restart_before); });
  });
  if (!sweep) return WithContext("open a sweep", std::move(sweep.error()));
  return sweep;
}

Status SqlTopicStore::StorePage(const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                                TimePoint now) {
  auto stored = WithConnection(work_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return repopulse::StorePage(same, from, next, items, now); });
  });
  if (!stored) return WithContext("store a page", std::move(stored.error()));
  return stored;
}

Result<Publication> SqlTopicStore::PublishSweep(const Sweep& sweep, bool whole, TimePoint now, TimePoint next_poll_at) {
  auto published = WithConnection(work_, [&](Connection& db) {
    return InTransaction(
        db, [&](Connection& same) { return repopulse::PublishSweep(same, sweep, whole, now, next_poll_at); });
  });
  if (!published) return WithContext("publish a sweep", std::move(published.error()));
  return published;
}

Result<RankingPage> SqlTopicStore::Rank(const RankingQuery& query) {
  const auto today = DayOf(clock_.Now());
  auto page = WithConnection(reads_, [&](Connection& db) {
    return InSnapshot(db, [&](Connection& same) { return ReadRanking(same, query, today, trending_hours_); });
  });
  if (!page) return WithContext("rank the topic " + query.topic.str(), std::move(page.error()));
  return page;
}

}  // namespace repopulse
