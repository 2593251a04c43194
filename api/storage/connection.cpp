#include "storage/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include "base/time_format.h"
#include "storage/bound_arrays.h"
#include "storage/bulk.h"
#include "storage/client.h"
#include "storage/errors.h"
#include "storage/repository_rows.h"
#include "storage/statement.h"

namespace repopulse {
namespace {

constexpr size_t kStatementsKeptMax = 100;
constexpr size_t kArrayRowsMax = 10'000;
// MySQL allows 65,535 parameters.
constexpr size_t kGroupRowsMax = 1'000;

// What MySQL 8 and MariaDB both know. CLIENT_FOUND_ROWS makes affected rows mean matched rows. CLIENT_MULTI_STATEMENTS
// concerns only Run(), whose texts are constants: what has parameters is prepared, one statement each.
constexpr std::string_view kSession[] = {
    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY', innodb_lock_wait_timeout = 3, "
    "lock_wait_timeout = 3, wait_timeout = 28800",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"};

bool IsMariaDb(MYSQL* handle) {
  const std::string_view server = mysql_get_server_info(handle);
  return server.find("MariaDB") != std::string_view::npos;
}

constexpr unsigned kTableChanged = 1412;  // since the snapshot that is read from

std::string StatementLimit(MYSQL* handle, std::chrono::seconds limit) {
  if (IsMariaDb(handle)) {
    return fmt::format("SET SESSION max_statement_time = {}", limit.count());
  }
  return fmt::format("SET SESSION max_execution_time = {}", limit.count() * 1000);
}

void SetTimeout(MYSQL* handle, mysql_option option, std::chrono::seconds timeout) {
  const auto seconds = static_cast<unsigned>(std::max<int64_t>(timeout.count(), 1));
  mysql_options(handle, option, &seconds);
}

}  // namespace

void Connection::CloseHandle::operator()(MYSQL* handle) const { mysql_close(handle); }
void Connection::CloseStatement::operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }

Connection::Connection(const ConnectionOptions& options)
    : handle_(mysql_init(nullptr)), read_timeout_(options.read_timeout), bulk_arrays_(options.bulk_arrays) {}

Connection::~Connection() { UseClientOnThisThread(); }

Result<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  UseClientOnThisThread();
  std::unique_ptr<Connection> connection(new Connection(options));
  if (!connection->handle_) return Fail(ErrorCode::kInternal, "out of memory");
  if (auto connected = connection->Connect(options); !connected) {
    return WithContext("connect to the database", std::move(connected.error()));
  }
  return connection;
}

Status Connection::Connect(const ConnectionOptions& options) {
  MYSQL* handle = handle_.get();
  SetTimeout(handle, MYSQL_OPT_CONNECT_TIMEOUT, options.connect_timeout);
  SetTimeout(handle, MYSQL_OPT_READ_TIMEOUT, options.read_timeout);
  SetTimeout(handle, MYSQL_OPT_WRITE_TIMEOUT, options.write_timeout);
  mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  // A server must not be able to ask for our files.
  const unsigned no = 0;
  mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &no);
  const unsigned protocol = options.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
  const char* const host = options.socket.empty() ? options.host.c_str() : nullptr;
  const char* const socket = options.socket.empty() ? nullptr : options.socket.c_str();

  const auto begin = std::chrono::steady_clock::now();
  if (!mysql_real_connect(handle, host, options.user.c_str(), options.password.c_str(), options.database.c_str(),
                          options.port, socket, CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS)) {
    return Failed(mysql_errno(handle), mysql_error(handle), begin);
  }
  bulk_arrays_ = bulk_arrays_ && IsMariaDb(handle);
  for (std::string_view sql : kSession) {
    if (auto set = Run(sql); !set) return set;
  }
  // A second before the client stops waiting: a slow statement is told from a server that hangs.
  const auto limit = std::max(options.read_timeout - std::chrono::seconds{1}, std::chrono::seconds{1});
  return Run(StatementLimit(handle, limit));
}

Status Connection::Run(std::string_view sql) {
  UseClientOnThisThread();
  should_retry_ = false;
  const auto begin = std::chrono::steady_clock::now();
  MYSQL* handle = handle_.get();
  int more = mysql_real_query(handle, sql.data(), sql.size());
  while (more == 0) {
    if (MYSQL_RES* rows = mysql_store_result(handle)) mysql_free_result(rows);
    more = mysql_next_result(handle);
  }
  if (mysql_errno(handle) != 0) return Failed(mysql_errno(handle), mysql_error(handle), begin);
  return {};
}

Result<MYSQL_STMT*> Connection::Prepared(std::string_view sql) {
  std::string text(sql);
  if (const auto known = statements_.find(text); known != statements_.end()) return known->second.get();
  // Statements come from constants, so there are few; bulk inserts of odd sizes must not pile up at the server.
  if (statements_.size() >= kStatementsKeptMax) statements_.clear();
  const auto begin = std::chrono::steady_clock::now();
  Statement statement(mysql_stmt_init(handle_.get()));
  if (!statement) return Fail(ErrorCode::kInternal, "out of memory");
  if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0) return FailedStatement(statement.get(), begin);
  return statements_.emplace(std::move(text), std::move(statement)).first->second.get();
}

Result<MYSQL_STMT*> Connection::Sent(std::string_view sql, Parameters parameters) {
  UseClientOnThisThread();
  should_retry_ = false;
  auto statement = Prepared(sql);
  if (!statement) return statement;
  if (mysql_stmt_param_count(*statement) != parameters.size()) {
    return Fail(ErrorCode::kInternal, "the number of parameters is wrong for: " + std::string(sql));
  }
  const auto begin = std::chrono::steady_clock::now();
  BoundParameters bound(parameters);
  if (mysql_stmt_bind_param(*statement, bound.data()) != 0 || mysql_stmt_execute(*statement) != 0) {
    return FailedStatement(*statement, begin);
  }
  return statement;
}

Result<int64_t> Connection::Execute(std::string_view sql, Parameters parameters) {
  auto statement = Sent(sql, parameters);
  if (!statement) return tl::make_unexpected(std::move(statement.error()));
  return static_cast<int64_t>(mysql_stmt_affected_rows(*statement));
}

Status Connection::Query(std::string_view sql, Parameters parameters, const OnRow& on_row) {
  auto statement = Sent(sql, parameters);
  if (!statement) return tl::make_unexpected(std::move(statement.error()));
  const auto begin = std::chrono::steady_clock::now();
  BoundRow row(*statement);
  int fetched = row.Store();
  while (fetched == 0) {
    fetched = row.Fetch();
    if (fetched == 0) on_row(row);
  }
  if (fetched != MYSQL_NO_DATA) return FailedStatement(*statement, begin);
  mysql_stmt_free_result(*statement);
  return {};
}

Result<int64_t> Connection::Insert(const BulkInsert& insert, const BulkRows& rows) {
  int64_t inserted = 0;
  for (size_t begin = 0; begin < rows.size();) {
    const size_t end = rows.EndOfMessage(begin, bulk_arrays_ ? kArrayRowsMax : kGroupRowsMax);
    auto written = bulk_arrays_ ? InsertArrays(insert, rows, begin, end) : InsertGroups(insert, rows, begin, end);
    if (!written) return written;
    inserted += *written;
    begin = end;
  }
  return inserted;
}

Result<int64_t> Connection::InsertArrays(const BulkInsert& insert, const BulkRows& rows, size_t begin, size_t end) {
  UseClientOnThisThread();
  should_retry_ = false;
  auto statement = Prepared(fmt::format("{} {} {}", insert.head, Placeholders(1, rows.column_count()), insert.tail));
  if (!statement) return tl::make_unexpected(std::move(statement.error()));
  const auto started = std::chrono::steady_clock::now();
  BoundArrays bound(rows, begin, end);
  const auto size = static_cast<unsigned>(end - begin);
  if (mysql_stmt_attr_set(*statement, STMT_ATTR_ARRAY_SIZE, &size) != 0 ||
      mysql_stmt_bind_param(*statement, bound.data()) != 0 || mysql_stmt_execute(*statement) != 0) {
    return FailedStatement(*statement, started);
  }
  return static_cast<int64_t>(mysql_stmt_affected_rows(*statement));
}

// Few different numbers of rows, so that few statements are prepared.
Result<int64_t> Connection::InsertGroups(const BulkInsert& insert, const BulkRows& rows, size_t begin, size_t end) {
  int64_t inserted = 0;
  std::vector<Value> parameters;
  for (size_t group = kGroupRowsMax; begin < end; group /= 10) {
    const std::string sql = fmt::format("{} {} {}", insert.head, Placeholders(group, rows.column_count()), insert.tail);
    for (; end - begin >= group; begin += group) {
      parameters.clear();
      for (size_t i = 0; i < group * rows.column_count(); ++i) {
        parameters.push_back(rows.At(begin + i / rows.column_count(), i % rows.column_count()));
      }
      auto written = Execute(sql, parameters);
      if (!written) return written;
      inserted += *written;
    }
  }
  return inserted;
}

int64_t Connection::LastInsertId() const { return static_cast<int64_t>(mysql_insert_id(handle_.get())); }
int64_t Connection::id() const { return static_cast<int64_t>(mysql_thread_id(handle_.get())); }

Status Connection::Ping(std::chrono::milliseconds deadline) {
  UseClientOnThisThread();
  const auto begin = std::chrono::steady_clock::now();
  MYSQL* handle = handle_.get();
  constexpr std::string_view kQuestion = "SELECT 1";
  if (mysql_send_query(handle, kQuestion.data(), kQuestion.size()) != 0) {
    return Failed(mysql_errno(handle), mysql_error(handle), begin);
  }
  pollfd answer{.fd = mysql_get_socket(handle), .events = POLLIN, .revents = 0};
  if (poll(&answer, 1, static_cast<int>(deadline.count())) <= 0) {
    health_ = ConnectionHealth::kTimedOut;
    return Fail(ErrorCode::kTimeout, fmt::format("the database did not answer within {} ms", deadline.count()));
  }
  if (mysql_read_query_result(handle) != 0) return Failed(mysql_errno(handle), mysql_error(handle), begin);
  if (MYSQL_RES* rows = mysql_store_result(handle)) mysql_free_result(rows);
  return {};
}

bool Connection::LooksDead() const {
  // Between statements a server says nothing: anything to read is its farewell.
  pollfd socket{.fd = mysql_get_socket(handle_.get()), .events = POLLIN, .revents = 0};
  return poll(&socket, 1, 0) != 0;
}

tl::unexpected<Error> Connection::Failed(unsigned code, const char* text, SteadyTime begin) {
  // The client library reports a read that timed out as a lost connection; the time tells them apart.
  const auto waited = std::chrono::steady_clock::now() - begin;
  const ErrorMeaning meaning = MeaningOf(code, waited + std::chrono::milliseconds{50} >= read_timeout_);
  should_retry_ = meaning.retry;
  if (health_ == ConnectionHealth::kUsable) health_ = meaning.health;
  return Fail(meaning.code, fmt::format("{} ({})", text, code));
}

tl::unexpected<Error> Connection::FailedStatement(MYSQL_STMT* statement, SteadyTime begin) {
  const unsigned code = mysql_stmt_errno(statement);
  auto failed = Failed(code, mysql_stmt_error(statement), begin);
  mysql_stmt_free_result(statement);
  // Executed once more, what was prepared for the table as it was gets no answer (seen of MariaDB 10.11).
  if (code == kTableChanged) {
    std::erase_if(statements_, [&](const auto& kept) { return kept.second.get() == statement; });
  }
  return failed;
}

}  // namespace repopulse
