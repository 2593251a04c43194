#include "storage/sweep_store.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "storage/repository_rows.h"
#include "storage/sweep_plan_text.h"

namespace repopulse {
namespace {

// Rows of one INSERT: 250 x 16 parameters stay far below the protocol's 65,535.
constexpr size_t kRowsMax = 250;
constexpr size_t kColumns = kRepositoryColumnCount + 2;

constexpr std::string_view kLockTopic = "SELECT id FROM topics WHERE id = ? FOR UPDATE";
constexpr std::string_view kFindSweep =
    "SELECT id, started_at, step, plan, touched_at FROM sweeps WHERE topic_id = ? FOR UPDATE";
constexpr std::string_view kInsertSweep =
    "INSERT INTO sweeps (topic_id, started_at, touched_at, step, plan) VALUES (?, ?, ?, 0, ?)";
constexpr std::string_view kAdvance =
    "UPDATE sweeps SET step = step + 1, plan = ?, touched_at = ? WHERE id = ? AND step = ?";
constexpr std::string_view kInsertItems = R"(
  INSERT INTO sweep_repositories (repository_id, full_name, html_url, description, language, license, fork, archived,
    stargazers_count, forks_count, open_issues_count, created_at, updated_at, pushed_at, fetched_at, sweep_id)
  VALUES {}
  ON DUPLICATE KEY UPDATE full_name = VALUES(full_name), html_url = VALUES(html_url),
    description = VALUES(description), language = VALUES(language), license = VALUES(license), fork = VALUES(fork),
    archived = VALUES(archived), stargazers_count = VALUES(stargazers_count), forks_count = VALUES(forks_count),
    open_issues_count = VALUES(open_issues_count), created_at = VALUES(created_at), updated_at = VALUES(updated_at),
    pushed_at = VALUES(pushed_at), fetched_at = VALUES(fetched_at))";
constexpr std::string_view kDeleteItems = "DELETE FROM sweep_repositories WHERE sweep_id = ?";
constexpr std::string_view kDeleteSweep = "DELETE FROM sweeps WHERE id = ?";

Status LockTopic(Connection& db, TopicId topic) {
  bool exists = false;
  auto locked = db.Query(kLockTopic, {topic}, [&](const Row&) { exists = true; });
  if (!locked) return locked;
  if (!exists) return Fail(ErrorCode::kNotFound, "no such topic");
  return {};
}

// Each item once, the last of the same id, by ascending id.
std::map<RepositoryId, const Repository*> LastOfEach(const std::vector<Repository>& items) {
  std::map<RepositoryId, const Repository*> last;
  for (const Repository& item : items) last[item.id] = &item;
  return last;
}

Status InsertItems(Connection& db, SweepId sweep, const std::vector<const Repository*>& items, TimePoint now) {
  std::vector<std::string> names;
  names.reserve(items.size());  // the parameters point into it
  std::vector<Value> parameters;
  parameters.reserve(items.size() * kColumns);
  for (const Repository* item : items) {
    AppendRepository(parameters, *item, names.emplace_back(item->name.full()));
    parameters.emplace_back(now);
    parameters.emplace_back(sweep);
  }
  auto written = db.Execute(fmt::format(fmt::runtime(kInsertItems), Placeholders(items.size(), kColumns)), parameters);
  if (!written) return tl::make_unexpected(std::move(written.error()));
  return {};
}

}  // namespace

Result<Sweep> OpenSweep(Connection& db, TopicId topic, TimePoint now, TimePoint restart_before) {
  if (auto locked = LockTopic(db, topic); !locked) return tl::make_unexpected(std::move(locked.error()));
  std::optional<Sweep> found;
  bool too_old = false;
  auto read = db.Query(kFindSweep, {topic}, [&](const Row& row) {
    const auto plan = DecodePlan(row.Text(3));
    too_old = !plan || row.Time(4) < restart_before;
    found = Sweep{SweepId{row.Int(0)}, topic, row.Time(1), row.Int(2), plan.value_or(SweepPlan{})};
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  if (found && !too_old) return *std::move(found);
  if (found) {
    if (auto deleted = DeleteSweep(db, found->id); !deleted) return tl::make_unexpected(std::move(deleted.error()));
  }
  Sweep sweep{.id = {}, .topic = topic, .started_at = now, .step = 0, .plan = StartSweep()};
  auto written = db.Execute(kInsertSweep, {topic, now, now, std::string_view(EncodePlan(sweep.plan))});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  sweep.id = SweepId{db.LastInsertId()};
  return sweep;
}

Status StorePage(Connection& db, const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                 TimePoint now) {
  auto advanced = db.Execute(kAdvance, {std::string_view(EncodePlan(next)), now, from.id, from.step});
  if (!advanced) return tl::make_unexpected(std::move(advanced.error()));
  if (*advanced == 0) return Fail(ErrorCode::kConflict, "the sweep has gone on or ended meanwhile");
  std::vector<const Repository*> batch;
  const auto write_batch = [&]() -> Status {
    auto written = InsertItems(db, from.id, batch, now);
    batch.clear();
    return written;
  };
  for (const auto& [id, item] : LastOfEach(items)) {
    batch.push_back(item);
    if (batch.size() < kRowsMax) continue;
    if (auto written = write_batch(); !written) return written;
  }
  return batch.empty() ? Status{} : write_batch();
}

Status DeleteSweep(Connection& db, SweepId sweep) {
  for (std::string_view sql : {kDeleteItems, kDeleteSweep}) {
    if (auto deleted = db.Execute(sql, {sweep}); !deleted) return tl::make_unexpected(std::move(deleted.error()));
  }
  return {};
}

}  // namespace repopulse
