// One connection to the database: prepared statements, typed parameters and rows, errors as ErrorCode.
//
// The session is UTC, utf8mb4, strict and READ COMMITTED: a collector's upserts then lock the rows they touch and no
// gaps between them, so two collectors do not deadlock over neighbours. What needs several statements to see one state
// runs in InSnapshot(). Affected rows count the rows matched, changed or not.
//
// Belongs to one thread at a time. Every wait has a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

struct st_mysql;
struct st_mysql_stmt;

namespace repopulse {

struct ConnectionOptions {
  std::string socket;  // wins over host and port
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;
  std::chrono::seconds connect_timeout{1};  // the client library counts in whole seconds
  std::chrono::seconds read_timeout{5};     // for one answer; the server gives a statement up a second earlier
  std::chrono::seconds write_timeout{5};
  bool bulk_arrays = true;  // false: many rows are inserted as with MySQL's servers, which know no arrays
};

// Not a text: of no character set.
struct Bytes {
  std::string_view data;
};

// A bound parameter. Texts are borrowed: they must outlive the call.
class Value {
 public:
  using Day = std::chrono::sys_days;
  Value(std::nullopt_t) {}
  template <class Int>
  requires std::is_integral_v<Int> Value(Int value) : value_(static_cast<int64_t>(value)) {}
  template <class Tag>
  Value(Id<Tag> id) : value_(id.value) {}
  Value(double value) : value_(value) {}
  Value(const std::string& text) : value_(std::string_view(text)) {}
  Value(std::string_view text) : value_(text) {}
  Value(const char* text) : value_(std::string_view(text)) {}
  Value(Bytes bytes) : value_(bytes) {}
  Value(TimePoint time) : value_(time) {}
  Value(Day day) : value_(day) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) value_ = Value(*value).value_;
  }

 private:
  friend class BoundParameters;
  std::variant<std::monostate, int64_t, double, std::string_view, Bytes, TimePoint, Day> value_;
};

// The current row of a result. Columns count from 0; reading one as another type than it is, is a bug.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual bool IsNull(size_t column) const = 0;
  [[nodiscard]] virtual int64_t Int(size_t column) const = 0;
  [[nodiscard]] virtual double Double(size_t column) const = 0;
  [[nodiscard]] virtual std::string Text(size_t column) const = 0;
  [[nodiscard]] virtual TimePoint Time(size_t column) const = 0;

  [[nodiscard]] bool Bool(size_t column) const { return Int(column) != 0; }
  [[nodiscard]] std::chrono::sys_days Day(size_t column) const {
    return std::chrono::floor<std::chrono::days>(Time(column));
  }
  [[nodiscard]] std::optional<int64_t> OptionalInt(size_t column) const {
    return IsNull(column) ? std::nullopt : std::optional(Int(column));
  }
  [[nodiscard]] std::optional<double> OptionalDouble(size_t column) const {
    return IsNull(column) ? std::nullopt : std::optional(Double(column));
  }
  [[nodiscard]] std::optional<std::string> OptionalText(size_t column) const {
    return IsNull(column) ? std::nullopt : std::optional(Text(column));
  }
  [[nodiscard]] std::optional<TimePoint> OptionalTime(size_t column) const {
    return IsNull(column) ? std::nullopt : std::optional(Time(column));
  }
};

// What became of a connection; decides whether it may be used again.
enum class ConnectionHealth {
  kUsable,
  kLost,     // the server closed it, or answered something not understood
  kTimedOut  // the server did not answer in time: it may be hanging
};

class BulkRows;

// INSERT of many rows: "INSERT INTO t (a, b) VALUES", and what follows the rows.
struct BulkInsert {
  std::string_view head;
  std::string_view tail;
};

class Connection {
 public:
  // kUnavailable (nobody there, too many connections), kTimeout, kUnauthorized (user or password), kInternal.
  static Result<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  using Parameters = std::span<const Value>;
  using OnRow = std::function<void(const Row&)>;

  // One prepared statement; how many rows it matched. The statement is kept prepared for the next time.
  Result<int64_t> Execute(std::string_view sql, Parameters parameters);
  Result<int64_t> Execute(std::string_view sql, std::initializer_list<Value> parameters = {}) {
    return Execute(sql, Parameters(parameters.begin(), parameters.size()));
  }
  Status Query(std::string_view sql, Parameters parameters, const OnRow& on_row);
  Status Query(std::string_view sql, std::initializer_list<Value> parameters, const OnRow& on_row) {
    return Query(sql, Parameters(parameters.begin(), parameters.size()), on_row);
  }
  // All rows, in few messages; how many rows were inserted, an updated one counting twice. Not atomic by itself.
  Result<int64_t> Insert(const BulkInsert& insert, const BulkRows& rows);
  // The id that the last INSERT gave its row.
  [[nodiscard]] int64_t LastInsertId() const;

  // Statements as plain text without parameters (transactions, the migrations' files), with semicolons between them.
  // The first that fails is the last one.
  Status Run(std::string_view sql);

  Status Ping(std::chrono::milliseconds deadline);
  // Whether the server has closed it meanwhile; asks nobody, so it costs nothing.
  [[nodiscard]] bool LooksDead() const;
  // The id that KILL and IS_USED_LOCK() use.
  [[nodiscard]] int64_t id() const;
  [[nodiscard]] ConnectionHealth health() const { return health_; }
  // The last error was a deadlock or a wait for a lock: the same transaction may succeed if tried again.
  [[nodiscard]] bool ShouldRetry() const { return should_retry_; }

 private:
  struct CloseHandle {
    void operator()(st_mysql* handle) const;
  };
  struct CloseStatement {
    void operator()(st_mysql_stmt* statement) const;
  };
  using Statement = std::unique_ptr<st_mysql_stmt, CloseStatement>;

  explicit Connection(const ConnectionOptions& options);
  Status Connect(const ConnectionOptions& options);
  Result<st_mysql_stmt*> Prepared(std::string_view sql);
  Result<st_mysql_stmt*> Sent(std::string_view sql, Parameters parameters);
  Result<int64_t> InsertArrays(const BulkInsert& insert, const BulkRows& rows, size_t begin, size_t end);
  Result<int64_t> InsertGroups(const BulkInsert& insert, const BulkRows& rows, size_t begin, size_t end);
  tl::unexpected<Error> Failed(unsigned code, const char* text, SteadyTime begin);
  tl::unexpected<Error> FailedStatement(st_mysql_stmt* statement, SteadyTime begin);

  std::unique_ptr<st_mysql, CloseHandle> handle_;
  std::unordered_map<std::string, Statement> statements_;  // by their text; after handle_: closed before it
  std::chrono::seconds read_timeout_;
  bool bulk_arrays_;
  ConnectionHealth health_ = ConnectionHealth::kUsable;
  bool should_retry_ = false;
};

}  // namespace repopulse
