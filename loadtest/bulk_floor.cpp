// How fast this database server takes rows at best: the events that are stored, inserted once more into a bare table
// with two indexes, 1,000 a time, as bulk arrays (MariaDB) from memory. What `repopulse import` does is compared with
// it.
//
//   bulk_floor SOCKET USER DATABASE ROUNDS          (the password in DB_PASSWORD)
//
// Prints one JSON object: rows, and rows per second of each round. Its table is dropped again.
#include <mysql.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr size_t kRowsAtOnce = 1000;

struct Rows {
  std::vector<int64_t> id, type, repository, actor, action;
  std::vector<MYSQL_TIME> created_at;
  std::vector<MYSQL_TIME*> created_at_pointers;  // what an array of times is to the client library
  [[nodiscard]] size_t size() const { return id.size(); }
};

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "bulk_floor: %s\n", message.c_str());
  std::exit(1);
}

void Run(MYSQL* db, const std::string& sql) {
  if (mysql_real_query(db, sql.data(), sql.size()) != 0) Die(sql + ": " + mysql_error(db));
}

MYSQL_TIME ParseTime(const char* text) {
  MYSQL_TIME time{};
  if (std::sscanf(text, "%u-%u-%u %u:%u:%u", &time.year, &time.month, &time.day, &time.hour, &time.minute,
                  &time.second) != 6) {
    Die(std::string("no time: ") + text);
  }
  time.time_type = MYSQL_TIMESTAMP_DATETIME;
  return time;
}

Rows ReadRows(MYSQL* db) {
  Run(db, "SELECT id, type_id, repository_id, actor_id, action_id, created_at FROM events");
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_use_result(db), mysql_free_result);
  Rows rows;
  while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
    rows.id.push_back(std::atoll(row[0]));
    rows.type.push_back(std::atoll(row[1]));
    rows.repository.push_back(std::atoll(row[2]));
    rows.actor.push_back(std::atoll(row[3]));
    rows.action.push_back(std::atoll(row[4]));
    rows.created_at.push_back(ParseTime(row[5]));
  }
  for (MYSQL_TIME& time : rows.created_at) rows.created_at_pointers.push_back(&time);
  return rows;
}

double InsertAll(MYSQL* db, Rows& rows) {
  Run(db, "DROP TABLE IF EXISTS bulk_floor");
  Run(db,
      "CREATE TABLE bulk_floor (id BIGINT NOT NULL, type_id SMALLINT NOT NULL, repository_id BIGINT NOT NULL, actor_id "
      "BIGINT NOT "
      "NULL, created_at DATETIME NOT NULL, action_id SMALLINT NOT NULL, PRIMARY KEY (id, type_id, created_at), KEY "
      "by_repository (repository_id, created_at), KEY by_type (type_id, created_at)) ENGINE = InnoDB");
  const std::unique_ptr<MYSQL_STMT, my_bool (*)(MYSQL_STMT*)> statement(mysql_stmt_init(db), mysql_stmt_close);
  const std::string sql =
      "INSERT IGNORE INTO bulk_floor (id, type_id, repository_id, actor_id, created_at, action_id) VALUES (?, ?, ?, ?, "
      "?, ?)";
  if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0) Die(mysql_stmt_error(statement.get()));
  const auto begin = std::chrono::steady_clock::now();
  for (size_t first = 0; first < rows.size(); first += kRowsAtOnce) {
    unsigned int count = static_cast<unsigned int>(std::min(kRowsAtOnce, rows.size() - first));
    std::array<MYSQL_BIND, 6> binds{};
    const std::array<std::vector<int64_t>*, 6> columns = {&rows.id,    &rows.type, &rows.repository,
                                                          &rows.actor, nullptr,    &rows.action};
    for (size_t i = 0; i < columns.size(); ++i) {
      binds[i].buffer_type = columns[i] != nullptr ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_DATETIME;
      binds[i].buffer = columns[i] != nullptr ? static_cast<void*>(columns[i]->data() + first)
                                              : static_cast<void*>(rows.created_at_pointers.data() + first);
    }
    mysql_stmt_attr_set(statement.get(), STMT_ATTR_ARRAY_SIZE, &count);
    if (mysql_stmt_bind_param(statement.get(), binds.data()) != 0 || mysql_stmt_execute(statement.get()) != 0) {
      Die(mysql_stmt_error(statement.get()));
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(rows.size()) / seconds.count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) Die("usage: bulk_floor SOCKET USER DATABASE ROUNDS");
  const char* const password = std::getenv("DB_PASSWORD");
  const std::unique_ptr<MYSQL, void (*)(MYSQL*)> db(mysql_init(nullptr), mysql_close);
  if (mysql_real_connect(db.get(), nullptr, argv[2], password != nullptr ? password : "", argv[3], 0, argv[1], 0) ==
      nullptr) {
    Die(mysql_error(db.get()));
  }
  Rows rows = ReadRows(db.get());
  std::printf(R"({"rows":%zu,"rows_per_second":[)", rows.size());
  for (int round = 0; round < std::atoi(argv[4]); ++round) {
    std::printf("%s%.0f", round > 0 ? "," : "", InsertAll(db.get(), rows));
  }
  std::printf("]}\n");
  Run(db.get(), "DROP TABLE bulk_floor");
  return 0;
}
