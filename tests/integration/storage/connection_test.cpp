// The contract of storage/connection.h and storage/transaction.h.
#include "storage/connection.h"

#include <thread>

#include "integration/storage/database.h"
#include "integration/storage/relay.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using testing::HasSubstr;

class ConnectionTest : public StorageTest {
 protected:
  void SetUp() override {}  // no tables but its own
  std::unique_ptr<Connection> Open(const ConnectionOptions& options) {
    auto opened = Connection::Open(options);
    EXPECT_OK(opened);
    return std::move(opened.value());
  }
  std::unique_ptr<Connection> Open() { return Open(ConnectionTo()); }
  std::string Text(Connection& connection, std::string_view sql, std::initializer_list<Value> values = {}) {
    std::string text = "no row";
    EXPECT_OK(connection.Query(sql, values, [&](const Row& row) { text = row.OptionalText(0).value_or("NULL"); }));
    return text;
  }
};

TEST_F(ConnectionTest, SpeaksUtcAndStrictUtf8AndReadsWhatIsCommitted) {
  const auto connection = Open();
  EXPECT_EQ(Text(*connection, "SELECT @@session.time_zone"), "+00:00");
  EXPECT_EQ(Text(*connection, "SELECT @@session.character_set_client"), "utf8mb4");
  EXPECT_THAT(Text(*connection, "SELECT @@session.sql_mode"), HasSubstr("STRICT_ALL_TABLES"));
  EXPECT_EQ(Text(*connection, "SELECT @@session.tx_isolation"), "READ-COMMITTED");
}

TEST_F(ConnectionTest, BindsAndReadsEveryType) {
  const auto time = At("2024-02-29T23:59:59.999999Z");
  int rows = 0;
  ASSERT_OK(db().Query(
      "SELECT CAST(? AS SIGNED), ?, CAST(? AS DATETIME(6)), CAST(? AS DATE), CAST(? AS SIGNED), ?, ?, ? + 0E0",
      {std::numeric_limits<int64_t>::min(), "naïve 🚀", time, OnDay("1970-01-01"), true, "",
       std::optional<std::string>{}, 0.1},
      [&](const Row& row) {
        ++rows;
        EXPECT_EQ(row.Int(0), std::numeric_limits<int64_t>::min());
        EXPECT_EQ(row.Text(1), "naïve 🚀");
        EXPECT_EQ(row.Time(2), time);
        EXPECT_EQ(row.Day(3), OnDay("1970-01-01"));
        EXPECT_TRUE(row.Bool(4));
        EXPECT_EQ(row.OptionalText(5), "");
        EXPECT_TRUE(row.IsNull(6));
        EXPECT_EQ(row.OptionalText(6), std::nullopt);
        EXPECT_EQ(row.OptionalDouble(7), 0.1);
      }));
  EXPECT_EQ(rows, 1);
}

TEST_F(ConnectionTest, ReadsTextsOfAnyLengthWhole) {
  ASSERT_OK(db().Run("CREATE TABLE texts (id INT, body MEDIUMTEXT)"));
  const std::string huge(3'000'000, 'x');
  const std::string zeros("a\0b", 3);
  ASSERT_OK(db().Execute("INSERT INTO texts VALUES (?, ?), (?, ?), (?, ?)", {1, "short", 2, huge, 3, zeros}));
  std::vector<std::string> read;
  ASSERT_OK(db().Query("SELECT body FROM texts ORDER BY id", {}, [&](const Row& row) { read.push_back(row.Text(0)); }));
  EXPECT_EQ(read, (std::vector<std::string>{"short", huge, zeros}));
}

TEST_F(ConnectionTest, NeverTakesATextForSql) {
  ASSERT_OK(db().Run("CREATE TABLE texts (body TEXT)"));
  const std::string hostile = "x'); DROP TABLE texts; -- \\' \" %s ? ?";
  ASSERT_OK(db().Execute("INSERT INTO texts VALUES (?)", {hostile}));
  EXPECT_EQ(Text(db(), "SELECT body FROM texts WHERE body = ?", {hostile}), hostile);
}

TEST_F(ConnectionTest, CountsTheRowsAnUpdateMatched) {
  ASSERT_OK(db().Run("CREATE TABLE numbers (n INT)"));
  ASSERT_OK(db().Execute("INSERT INTO numbers VALUES (1), (2)"));
  EXPECT_EQ(db().Execute("UPDATE numbers SET n = 2 WHERE n = ?", {2}).value(), 1);
  EXPECT_EQ(db().Execute("UPDATE numbers SET n = 9 WHERE n = ?", {7}).value(), 0);
}

TEST_F(ConnectionTest, RefusesTheWrongNumberOfParameters) {
  EXPECT_EQ(CodeOf(db().Execute("DO ?", {})), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("DO ?", {1, 2})), ErrorCode::kInternal);
}

TEST_F(ConnectionTest, CallsWhatTheServerRefusesAMistakeOfOursAndStaysUsable) {
  ASSERT_OK(db().Run("CREATE TABLE things (id INT PRIMARY KEY, word VARCHAR(3) NOT NULL)"));
  ASSERT_OK(db().Execute("INSERT INTO things VALUES (1, 'one')"));
  EXPECT_EQ(CodeOf(db().Execute("INSERT INTO things VALUES (?, 'two')", {1})), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("INSERT INTO things VALUES (?, ?)", {2, "long word"})), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("INSERT INTO things VALUES (?, ?)", {2, std::nullopt})), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("INSERT INTO things VALUES (?, ?)", {99'999'999'999, "x"})), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("SELECT * FROM nowhere")), ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(db().Execute("SELEKT")), ErrorCode::kInternal);
  EXPECT_EQ(db().health(), ConnectionHealth::kUsable);
}

TEST_F(ConnectionTest, IsUnavailableWithAWrongPasswordAndWithNobodyThere) {
  ConnectionOptions options = ConnectionTo();
  options.password = "wrong";
  EXPECT_EQ(CodeOf(Connection::Open(options)), ErrorCode::kUnavailable);
  options.socket = "/nowhere/socket";
  EXPECT_EQ(CodeOf(Connection::Open(options)), ErrorCode::kUnavailable);
  options.socket.clear();
  options.port = 1;
  EXPECT_EQ(CodeOf(Connection::Open(options)), ErrorCode::kUnavailable);
}

TEST_F(ConnectionTest, AKilledOneIsLostAndNotUsedAgain) {
  const auto connection = Open();
  EXPECT_FALSE(connection->LooksDead());
  Kill(connection->id());
  EXPECT_TRUE(connection->LooksDead());
  EXPECT_EQ(CodeOf(connection->Run("SELECT 1")), ErrorCode::kUnavailable);
  EXPECT_EQ(connection->health(), ConnectionHealth::kLost);
}

TEST_F(ConnectionTest, RunsSeveralStatementsUpToTheOneThatFails) {
  ASSERT_OK(db().Run("CREATE TABLE numbers (n INT); INSERT INTO numbers VALUES (1); SELECT n FROM numbers"));
  EXPECT_EQ(CodeOf(db().Run("INSERT INTO numbers VALUES (2); SELEKT; INSERT INTO numbers VALUES (4)")),
            ErrorCode::kInternal);
  EXPECT_EQ(Number("SELECT CAST(SUM(n) AS SIGNED) FROM numbers"), 3);
  EXPECT_EQ(db().health(), ConnectionHealth::kUsable);
}

TEST_F(ConnectionTest, ASlowStatementIsGivenUpAndTheConnectionStaysUsable) {
  ConnectionOptions options = ConnectionTo();
  options.read_timeout = std::chrono::seconds{3};
  const auto connection = Open(options);
  // SLEEP() and BENCHMARK() would be woken without an error; this reads rows for hours.
  EXPECT_EQ(CodeOf(connection->Query("SELECT MAX(seq % 7) FROM seq_1_to_1000000000000", {}, [](const Row&) {})),
            ErrorCode::kTimeout);
  EXPECT_EQ(connection->health(), ConnectionHealth::kUsable);
  EXPECT_EQ(Text(*connection, "SELECT 'fine'"), "fine");
}

TEST_F(ConnectionTest, WorksOverTcp) {
  Relay relay(options_.socket);
  ConnectionOptions options = ConnectionTo();
  options.socket.clear();
  options.port = relay.port();
  EXPECT_EQ(Text(*Open(options), "SELECT 'over TCP'"), "over TCP");
}

TEST_F(ConnectionTest, ASilentNetworkIsATimeoutAndNeverALongWait) {
  Relay relay(options_.socket);
  ConnectionOptions options = ConnectionTo();
  options.socket.clear();
  options.port = relay.port();
  options.read_timeout = std::chrono::seconds{1};
  const auto connection = Open(options);
  const auto pinged = Open(options);
  relay.SetSilent(true);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(connection->Run("SELECT 1")), ErrorCode::kTimeout);
  EXPECT_EQ(connection->health(), ConnectionHealth::kTimedOut);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{1800});

  EXPECT_EQ(CodeOf(pinged->Ping(std::chrono::milliseconds{50})), ErrorCode::kTimeout);
  const auto code = CodeOf(Connection::Open(options));
  EXPECT_TRUE(code == ErrorCode::kTimeout || code == ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{4000});
}

class TransactionTest : public ConnectionTest {
 protected:
  void SetUp() override {
    ASSERT_OK(db().Run("CREATE TABLE rows_ (id INT PRIMARY KEY, n INT NOT NULL)"));
    ASSERT_OK(db().Run("INSERT INTO rows_ VALUES (1, 0), (2, 0)"));
  }
  static Status Increase(Connection& connection, int id) {
    auto written = connection.Execute("UPDATE rows_ SET n = n + 1 WHERE id = ?", {id});
    if (!written) return tl::make_unexpected(written.error());
    return {};
  }
  int64_t Sum() { return Number("SELECT CAST(SUM(n) AS SIGNED) FROM rows_"); }
};

TEST_F(TransactionTest, KeepsAllOrNothing) {
  const auto connection = Open();
  ASSERT_OK(InTransaction(*connection, [](Connection& c) { return Increase(c, 1); }));
  EXPECT_EQ(Sum(), 1);
  const auto failed = InTransaction(*connection, [](Connection& c) -> Status {
    EXPECT_OK(Increase(c, 1));
    return Fail(ErrorCode::kConflict, "changed my mind");
  });
  EXPECT_EQ(CodeOf(failed), ErrorCode::kConflict);
  EXPECT_EQ(Sum(), 1);
  ASSERT_OK(InTransaction(*connection, [](Connection& c) { return Increase(c, 2); }));
  EXPECT_EQ(Sum(), 2);
}

TEST_F(TransactionTest, IsTriedAgainAfterADeadlock) {
  const auto other = Open();
  std::atomic<int> meeting{0};
  std::atomic<int> attempts{0};
  const auto work = [&](Connection& connection, int first, int second) {
    int attempt = 0;
    return InTransaction(connection, [&, attempt](Connection& c) mutable -> Status {
      ++attempts;
      if (auto done = Increase(c, first); !done) return done;
      if (++attempt == 1) {
        ++meeting;
        while (meeting < 2) std::this_thread::yield();  // both hold their first row now
      }
      return Increase(c, second);
    });
  };
  Status a;
  Status b;
  std::thread one([&] { a = work(db(), 1, 2); });
  std::thread two([&] { b = work(*other, 2, 1); });
  one.join();
  two.join();
  EXPECT_OK(a);
  EXPECT_OK(b);
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(Sum(), 4);
}

TEST_F(TransactionTest, IsGivenUpAfterSomeWaitsForALock) {
  const auto holder = Open();
  ASSERT_OK(holder->Run("START TRANSACTION"));
  ASSERT_OK(Increase(*holder, 1));
  ASSERT_OK(db().Run("SET SESSION innodb_lock_wait_timeout = 0"));
  int attempts = 0;
  const auto waited = InTransaction(db(), [&](Connection& c) {
    ++attempts;
    return Increase(c, 1);
  });
  EXPECT_EQ(CodeOf(waited), ErrorCode::kTimeout);
  EXPECT_EQ(attempts, kTransactionAttempts);
  ASSERT_OK(holder->Run("COMMIT"));
  EXPECT_OK(InTransaction(db(), [&](Connection& c) { return Increase(c, 1); }));
}

TEST_F(TransactionTest, TornByAKillLeavesNothing) {
  const auto torn = Open();
  const auto failed = InTransaction(*torn, [&](Connection& c) -> Status {
    EXPECT_OK(Increase(c, 1));
    Kill(c.id());
    return Increase(c, 2);
  });
  EXPECT_EQ(CodeOf(failed), ErrorCode::kUnavailable);
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactionTest, ASnapshotSeesOneState) {
  const auto reader = Open();
  const auto read = InSnapshot(*reader, [&](Connection& c) -> Status {
    EXPECT_EQ(Text(c, "SELECT CAST(n AS CHAR) FROM rows_ WHERE id = 1"), "0");
    EXPECT_OK(Increase(db(), 1));
    EXPECT_EQ(Text(c, "SELECT CAST(n AS CHAR) FROM rows_ WHERE id = 1"), "0");
    return {};
  });
  EXPECT_OK(read);
  // The next transaction on it is an ordinary one again.
  EXPECT_OK(InTransaction(*reader, [](Connection& c) { return Increase(c, 1); }));
}

TEST_F(TransactionTest, ASnapshotSeesOneStateAlsoWhenItIsTriedAgain) {
  const auto reader = Open();
  int attempts = 0;
  const auto read = InSnapshot(*reader, [&](Connection& c) -> Status {
    // A table that changes after the snapshot was taken cannot be read in it.
    if (++attempts == 1) {
      EXPECT_OK(db().Run("ALTER TABLE rows_ FORCE"));
    }
    int64_t seen = 0;
    const auto take = [&](const Row& row) { seen = row.Int(0); };
    if (auto first = c.Query("SELECT n FROM rows_ WHERE id = 1", {}, take); !first) return first;
    EXPECT_OK(Increase(db(), 1));
    const int64_t before = seen;
    EXPECT_OK(c.Query("SELECT n FROM rows_ WHERE id = 1", {}, take));
    EXPECT_EQ(seen, before);
    return {};
  });
  EXPECT_OK(read);
  EXPECT_EQ(attempts, 2);
}

}  // namespace
}  // namespace repopulse
