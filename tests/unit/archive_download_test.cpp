// Hours of an archive's server: a small one on this machine that sends exactly the bytes a test wants.
#include <gtest/gtest.h>

#include <atomic>

#include "github/archive.h"
#include "github/download.h"
#include "support/archive_files.h"
#include "support/fake_clock.h"
#include "support/samples.h"
#include "support/socket_server.h"

namespace repopulse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ArchiveHour kHour{At("2015-01-01T07:00:00Z")};

class ArchiveDownloadTest : public testing::Test {
 protected:
  Result<std::unique_ptr<ArchiveFile>> Open(const SocketServer& server, milliseconds stall = seconds{20}) {
    ArchiveOptions options;
    options.url = server.Url("/base");
    options.user_agent = "repopulse/1";
    options.stall = stall;
    return MakeArchive(options, clock_)->Open(kHour, stop_.get_token());
  }
  static SocketServer::Behaviour Always(std::string bytes) {
    return [bytes = std::move(bytes)](int peer, const std::string&) {
      Say(peer, bytes);
      return false;
    };
  }

  FakeClock clock_;
  std::stop_source stop_;
};

TEST_F(ArchiveDownloadTest, AsksForTheHourAndReadsIt) {
  std::string request;
  const std::string body = Gzip(EventLines(1, 1000));
  const SocketServer server([&](int peer, const std::string& text) {
    request = text;
    return Say(peer, Answer("200 OK", body));
  });
  auto file = Open(server);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(request.starts_with("GET /base/2015-01-01-7.json.gz HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("User-Agent: repopulse/1\r\n"), std::string::npos);
  EXPECT_EQ((*file)->name(), "2015-01-01-7.json.gz");
  EXPECT_EQ((*file)->hour(), kHour);
  EXPECT_EQ((*file)->size_bytes(), static_cast<int64_t>(body.size()));
  const auto whole = ReadWhole(**file);
  ASSERT_TRUE(whole.status) << whole.status.error().message;
  EXPECT_EQ(whole.sum.events.size(), 1000u);
  EXPECT_EQ(whole.sum.bytes_read, static_cast<int64_t>(body.size()));
}

TEST_F(ArchiveDownloadTest, HasTheFingerprintThatTheSameFileHas) {
  const std::string body = Gzip(EventLines(1, 1000));
  const SocketServer server(Always(Answer("200 OK", body)));
  const TemporaryFolder folder;
  const auto local = MakeArchive({}, clock_)->Open(folder.Write("2015-01-01-7.json.gz", body), {});
  EXPECT_EQ((*Open(server))->fingerprint(), (*local)->fingerprint());
}

TEST_F(ArchiveDownloadTest, ReadsAServerThatUnpacksAndSendsInChunks) {
  const SocketServer server(Always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + [] {
    const std::string line = EventLine(1);
    std::string size(8, '\0');
    size.resize(static_cast<size_t>(std::snprintf(size.data(), size.size(), "%zx", line.size())));
    return size + "\r\n" + line + "\r\n0\r\n\r\n";
  }()));
  auto file = Open(server);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file)->size_bytes(), std::nullopt);
  EXPECT_EQ(ReadWhole(**file).sum.events.size(), 1u);
}

TEST_F(ArchiveDownloadTest, TellsWhatTheServerAnswers) {
  const std::vector<std::pair<std::string, ErrorCode>> expected = {
      {"404 Not Found", ErrorCode::kNotFound},     {"410 Gone", ErrorCode::kNotFound},
      {"403 Forbidden", ErrorCode::kUnauthorized}, {"429 Slow Down", ErrorCode::kRateLimited},
      {"500 Oh", ErrorCode::kUnavailable},         {"503 Busy", ErrorCode::kUnavailable},
      {"204 No Content", ErrorCode::kMalformed},   {"304 Not Modified", ErrorCode::kMalformed}};
  for (const auto& [status, code] : expected) {
    const SocketServer server(
        Always(Answer(status, status.starts_with("204") || status.starts_with("304") ? "" : "x")));
    const auto file = Open(server);
    ASSERT_FALSE(file) << status;
    EXPECT_EQ(file.error().code, code) << status << " " << file.error().message;
  }
  const SocketServer nonsense(Always("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_EQ(Open(nonsense).error().code, ErrorCode::kMalformed);
  const SocketServer cut(Always("HTTP/1.1 200 OK\r\nContent-Le"));
  EXPECT_FALSE(Open(cut));
}

TEST_F(ArchiveDownloadTest, FollowsRedirectsOfTheSameServerOnly) {
  const std::string body = Gzip(EventLine(1));
  const SocketServer server([&body](int peer, const std::string& text) {
    const bool moved = text.find("GET /moved") == std::string::npos;
    return Say(peer, moved ? Answer("302 Found", "", "Location: /moved\r\n") : Answer("200 OK", body));
  });
  ASSERT_TRUE(Open(server));
  const SocketServer loop(
      [](int peer, const std::string&) { return Say(peer, Answer("302 Found", "", "Location: /\r\n")); });
  EXPECT_EQ(Open(loop).error().code, ErrorCode::kMalformed);
  for (const char* location :
       {"http://127.0.0.1:1/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://evil.example/"}) {
    const SocketServer elsewhere(Always(Answer("302 Found", "", std::string("Location: ") + location + "\r\n")));
    EXPECT_EQ(Open(elsewhere).error().code, ErrorCode::kMalformed) << location;
  }
}

TEST_F(ArchiveDownloadTest, KeepsWhatCameBeforeTheConnectionWasCut) {
  std::string plain;
  for (int64_t i = 0; i < 20; ++i) plain += EventLines(1 + i * 1000, 1000);
  ASSERT_GT(plain.size(), 3u << 20);
  const SocketServer server(Always("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(plain.size() + 1) +
                                   "\r\n\r\n" + plain.substr(0, plain.size() - 20)));
  auto file = Open(server);
  ASSERT_TRUE(file) << file.error().message;
  ArchiveReading reading;
  reading.batch_events_max = 300;
  const auto whole = ReadWhole(**file, reading);
  ASSERT_FALSE(whole.status);
  EXPECT_EQ(whole.status.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(whole.sum.events.size(), 19'999u);  // all whole lines, and no part of one
  EXPECT_EQ(whole.sum.bad, 0);
}

TEST_F(ArchiveDownloadTest, NoticesDamageWhereItIsMet) {
  std::string body = Gzip(EventLines(1, 1000));
  body.resize(body.size() - 4);
  const SocketServer server(Always(Answer("200 OK", body)));
  auto file = Open(server);
  ASSERT_TRUE(file) << file.error().message;
  const auto whole = ReadWhole(**file);
  ASSERT_FALSE(whole.status);
  EXPECT_EQ(whole.status.error().code, ErrorCode::kMalformed);
}

TEST_F(ArchiveDownloadTest, GivesUpAServerThatSaysNothingMoreAndNotOneThatIsSlow) {
  const SocketServer silent([](int, const std::string&) { return true; });
  EXPECT_EQ(Open(silent, milliseconds{300}).error().code, ErrorCode::kTimeout);
  const std::string lines = EventLines(1, 10);
  const SocketServer stalling([&](int peer, const std::string&) {
    return Say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + lines);
  });
  EXPECT_EQ(Open(stalling, milliseconds{300}).error().code, ErrorCode::kTimeout);
}

TEST_F(ArchiveDownloadTest, IsCancelledByAStop) {
  std::atomic<bool> asked = false;
  const SocketServer silent([&asked](int, const std::string&) { return asked = true; });
  std::thread stopper([&] {
    while (!asked) std::this_thread::yield();
    stop_.request_stop();
  });
  EXPECT_EQ(Open(silent).error().code, ErrorCode::kCancelled);
  stopper.join();
}

// A reader that does not read is not ahead of itself: the server is not emptied into memory, and does not count as
// slow.
TEST_F(ArchiveDownloadTest, TakesNoMoreThanItsReaderWants) {
  std::atomic<int64_t> sent = 0;
  const std::string lines = EventLines(1, 1000);
  const SocketServer server([&](int peer, const std::string&) {
    bool open = Say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    while (open) {
      open = Say(peer, lines);
      sent += static_cast<int64_t>(lines.size());
    }
    return false;
  });
  auto file = Open(server, seconds{5});
  ASSERT_TRUE(file) << file.error().message;
  ArchiveReading reading;
  reading.batch_events_max = 100;
  ASSERT_TRUE((*file)->Begin(reading));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE((*file)->Next());
  // What is under way in sockets on either side is bounded by the system, some megabytes.
  EXPECT_LT(sent, 64 << 20);
}

TEST(Download, RefusesWhatIsNoWebAddress) {
  for (const char* url : {"", "/x", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:pw@127.0.0.1/"}) {
    EXPECT_EQ(StartDownload({.url = url, .user_agent = ""}, {}).error().code, ErrorCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace repopulse::test
