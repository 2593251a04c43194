#include "storage/replay_store.h"

#include "storage/transaction.h"

namespace repopulse {
namespace {

// Makes the row where there is none, so that there is always one to lock.
constexpr std::string_view kEnsure = R"(
  INSERT INTO replay_clock (id, replay_from, real_at, touched_at) VALUES (1, ?, ?, ?)
  ON DUPLICATE KEY UPDATE id = VALUES(id))";
constexpr std::string_view kLock = "SELECT replay_from, real_at, touched_at FROM replay_clock WHERE id = 1 FOR UPDATE";
constexpr std::string_view kWrite = R"(
  UPDATE replay_clock SET replay_from = ?, real_at = ?, touched_at = ? WHERE id = 1)";
constexpr std::string_view kTouch = R"(
  UPDATE replay_clock SET touched_at = ? WHERE id = 1 AND replay_from = ? AND real_at = ?)";

}  // namespace

Result<TimePoint> SqlReplayStore::Join(TimePoint from, TimePoint real_now) {
  const auto join = [&](Connection& db) -> Result<TimePoint> {
    if (auto made = db.Execute(kEnsure, {from, real_now, real_now}); !made) return tl::make_unexpected(made.error());
    TimePoint real_at = real_now;
    auto read = db.Query(kLock, {}, [&](const Row& row) {
      if (row.Time(0) == from && row.Time(2) > real_now - kAliveFor) real_at = row.Time(1);
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    if (auto told = db.Execute(kWrite, {from, real_at, real_now}); !told) return tl::make_unexpected(told.error());
    return real_at;
  };
  auto joined = WithConnection(pool_, [&](Connection& db) { return InTransaction(db, join); });
  if (!joined) return WithContext("join the replay's clock", std::move(joined.error()));
  return joined;
}

Result<bool> SqlReplayStore::Touch(TimePoint from, TimePoint real_at, TimePoint real_now) {
  auto touched = WithConnection(pool_, [&](Connection& db) { return db.Execute(kTouch, {real_now, from, real_at}); });
  if (!touched) return WithContext("touch the replay's clock", std::move(touched.error()));
  return *touched > 0;
}

}  // namespace repopulse
