#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "http/answer_writer.h"
#include "http/representation_builder.h"
#include "support/fake_clock.h"
#include "support/gunzip.h"
#include "support/samples.h"

namespace repopulse::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr milliseconds kPatience{20'000};
const bool kSigpipeIgnored = signal(SIGPIPE, SIG_IGN) != SIG_ERR;  // as the service does
constexpr const char* kDate = "Wed, 08 May 2024 12:00:00 GMT";

// Two ends of a connection; ours does not block, as Pistache's do not.
class Connection {
 public:
  Connection() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_), 0);
    const int small = 4096;
    EXPECT_EQ(::setsockopt(ours(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    EXPECT_EQ(::fcntl(theirs(), F_SETFL, 0), 0);
  }
  ~Connection() {
    CloseOurs();
    CloseTheirs();
  }
  [[nodiscard]] int ours() const { return ends_[0]; }
  [[nodiscard]] int theirs() const { return ends_[1]; }
  void CloseOurs() { Close(ends_[0]); }
  void CloseTheirs() { Close(ends_[1]); }

  // All that comes until our end is closed or shut down.
  [[nodiscard]] std::string ReadAll() const {
    std::string all;
    char bytes[16384];
    for (ssize_t size; (size = ::read(theirs(), bytes, sizeof(bytes))) > 0;) {
      all.append(bytes, static_cast<size_t>(size));
    }
    return all;
  }

 private:
  static void Close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int ends_[2] = {-1, -1};
};

struct Exchange {
  Written written;
  std::string bytes;

  [[nodiscard]] std::string head() const { return bytes.substr(0, bytes.find("\r\n\r\n") + 4); }
  [[nodiscard]] std::string body() const { return bytes.substr(bytes.find("\r\n\r\n") + 4); }
};

enum class Form { kWhole, kHeadOnly, kClosing, kReplay };

// Writes while another thread reads, and takes in what was written.
Exchange Write(const Request& request, const Answer& answer, Form form = Form::kWhole) {
  const WriteOptions options{form == Form::kHeadOnly, form == Form::kClosing, "replica-1", kDate,
                             form == Form::kReplay ? "2015-01-01T03:00:00Z" : ""};
  Connection connection;
  Exchange exchange;
  std::thread reader([&] { exchange.bytes = connection.ReadAll(); });
  exchange.written = WriteAnswer(connection.ours(), request, answer, options, kPatience);
  connection.CloseOurs();
  reader.join();
  return exchange;
}

Answer Cached(Representation representation, bool stale = false) {
  return {
      ReadAnswer{std::make_shared<const Representation>(std::move(representation)), ReadSource::kNear, stale, stale}};
}

Representation Page(const std::string& body) {
  static const test::FakeClock clock;
  return RepresentationBuilder(clock, {}).Ok("application/json", body, test::At("2024-05-07T08:45:17Z"));
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

const std::string kLong = "[" + std::string(2000, '1') + "]";

TEST(WriteAnswer, TellsAReplaysClockOnEveryAnswer) {
  Representation representation;
  representation.body = kLong;
  const std::string told = "\r\nX-Replay-Now: 2015-01-01T03:00:00Z\r\n";
  EXPECT_THAT(Write({}, {Response{200, "text/plain", "", "x"}}, Form::kReplay).head(), HasSubstr(told));
  EXPECT_THAT(Write({}, Cached(representation), Form::kReplay).head(), HasSubstr(told));
  EXPECT_THAT(Write({}, Cached(representation)).head(), ::testing::Not(HasSubstr("X-Replay-Now")));
}

TEST(WriteAnswer, WritesADirectAnswerWhole) {
  const Exchange exchange = Write({}, {Response{503, "text/plain", "Retry-After: 1\r\n", "not ready"}});
  EXPECT_THAT(exchange.bytes, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nAccess-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nX-Replica: replica-1\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr(std::string("\r\nDate: ") + kDate + "\r\n"));
  EXPECT_EQ(exchange.body(), "not ready");
  EXPECT_EQ(exchange.written.status, 503);
  EXPECT_TRUE(exchange.written.complete);
  EXPECT_EQ(exchange.written.bytes, exchange.bytes.size());
}

TEST(WriteAnswer, SaysTheOriginsAllowedOnce) {
  const Exchange exchange = Write({}, {Response{204, "", "Access-Control-Allow-Origin: *\r\n", ""}});
  EXPECT_EQ(CountOf(exchange.bytes, "Access-Control-Allow-Origin"), 1U);
}

// RFC 9110, section 8.6: no Content-Length in a 204.
TEST(WriteAnswer, GivesA204NeitherLengthNorType) {
  const Exchange exchange = Write({}, {Response{204, "", "", ""}});
  EXPECT_THAT(exchange.bytes, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(exchange.bytes, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(exchange.bytes, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(exchange.bytes, EndsWith("\r\n\r\n"));
}

TEST(WriteAnswer, WritesARepresentationWithItsValidator) {
  const Representation page = Page("[]");
  const Exchange exchange = Write({}, Cached(page));
  EXPECT_THAT(exchange.bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nETag: \"" + page.etag + "\"\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nLast-Modified: Tue, 07 May 2024 08:45:17 GMT\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nContent-Length: 2\r\n"));
  EXPECT_THAT(exchange.head(), Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(exchange.head(), Not(HasSubstr("\r\nWarning")));
  EXPECT_EQ(exchange.body(), "[]");
}

// RFC 9110, section 9.3.2: the header fields of a GET, no content.
TEST(WriteAnswer, AnswersHeadWithTheHeadersOfTheGet) {
  for (const Answer& answer : {Cached(Page(kLong)), Answer{Response{200, "text/plain", "", kLong}}}) {
    const Exchange get = Write({}, answer);
    const Exchange head = Write({}, answer, Form::kHeadOnly);
    EXPECT_EQ(head.bytes, get.head());
    EXPECT_EQ(head.written.bytes, head.bytes.size());
  }
}

TEST(WriteAnswer, SendsTheGzipVariantUnderItsOwnValidator) {
  const Representation page = Page(kLong);
  Request request;
  request.accepts_gzip = true;
  const Exchange exchange = Write(request, Cached(page));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nContent-Encoding: gzip\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nETag: \"" + page.etag + "-gz\"\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nVary: Accept-Encoding\r\n"));
  EXPECT_THAT(exchange.head(), HasSubstr("\r\nContent-Length: " + std::to_string(exchange.body().size()) + "\r\n"));
  EXPECT_LT(exchange.body().size(), kLong.size());
  EXPECT_EQ(test::Gunzip(exchange.body(), kLong.size()), kLong);
}

TEST(WriteAnswer, SendsPlainWhereCompressingDidNotPay) {
  Request request;
  request.accepts_gzip = true;
  const Representation page = Page("[]");
  const Exchange exchange = Write(request, Cached(page));
  EXPECT_THAT(exchange.head(), Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(exchange.head(), HasSubstr("ETag: \"" + page.etag + "\"\r\n"));
  EXPECT_EQ(exchange.body(), "[]");
}

// RFC 9110, section 15.4.5: with the fields a 200 would have that caches need, without content.
TEST(WriteAnswer, Answers304WhereTheValidatorHolds) {
  const Representation page = Page(kLong);
  for (const std::string suffix : {"", "-gz"}) {
    Request request;
    request.if_none_match = "\"" + page.etag + suffix + "\"";
    request.accepts_gzip = !suffix.empty();
    const Exchange exchange = Write(request, Cached(page));
    EXPECT_THAT(exchange.bytes, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
    EXPECT_EQ(exchange.written.status, 304);
    EXPECT_THAT(exchange.head(), HasSubstr("\r\nETag: \"" + page.etag + suffix + "\"\r\n"));
    EXPECT_THAT(exchange.head(), HasSubstr("\r\nCache-Control: public, max-age="));
    EXPECT_THAT(exchange.head(), HasSubstr("\r\nVary: Accept-Encoding\r\n"));
    EXPECT_THAT(exchange.head(), HasSubstr("\r\nDate: "));
    EXPECT_THAT(exchange.head(), Not(HasSubstr("Content-Encoding")));
    EXPECT_EQ(exchange.body(), "");
  }
}

TEST(WriteAnswer, Answers200WhereTheValidatorIsAnothers) {
  Request request;
  request.if_none_match = "\"0123\"";
  EXPECT_THAT(Write(request, Cached(Page("[]"))).bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(WriteAnswer, NeverMakesA304OfAnotherStatus) {
  static const test::FakeClock clock;
  Request request;
  request.if_none_match = "*";
  EXPECT_THAT(
      Write(request, Cached(RepresentationBuilder(clock, {}).NotYet("application/json", "{}", seconds{10}))).bytes,
      StartsWith("HTTP/1.1 202 Accepted\r\n"));
  EXPECT_THAT(Write(request, Cached(RepresentationBuilder(clock, {}).Moved("/a"))).bytes,
              StartsWith("HTTP/1.1 301 Moved Permanently\r\n"));
}

TEST(WriteAnswer, WarnsOfAStaleAnswer) {
  EXPECT_THAT(Write({}, Cached(Page("[]"), true)).head(), HasSubstr("\r\nWarning: 110 - \"Response is Stale\"\r\n"));
}

TEST(WriteAnswer, AsksToCloseWhereToldSo) {
  EXPECT_THAT(Write({}, Cached(Page("[]")), Form::kClosing).head(), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(Write({}, {Response{200, "text/plain", "", "x"}}, Form::kClosing).head(),
              HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(Write({}, Cached(Page("[]"))).head(), Not(HasSubstr("Connection")));
}

std::string Megabyte() {
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += std::to_string(i) + ",";
  return body;
}

TEST(WriteAnswer, WritesAMegabyteThroughASmallBufferUnharmed) {
  const std::string body = Megabyte();
  const Exchange exchange = Write({}, {Response{200, "text/plain", "", body}});
  EXPECT_TRUE(exchange.written.complete);
  EXPECT_EQ(exchange.written.bytes, exchange.bytes.size());
  EXPECT_TRUE(exchange.body() == body);
}

TEST(WriteAnswer, ShutsDownWhoDoesNotReadByTheDeadline) {
  const Connection connection;
  const auto begin = std::chrono::steady_clock::now();
  const Written written =
      WriteAnswer(connection.ours(), {}, {Response{200, "text/plain", "", Megabyte()}}, {}, milliseconds{60});
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_FALSE(written.complete);
  EXPECT_GE(took, milliseconds{60});
  EXPECT_LT(took, seconds{10});
  // The peer sees an end before the promised length, not a wait for ever.
  EXPECT_LT(connection.ReadAll().size(), 1'000'000U);
}

TEST(WriteAnswer, CountsTheDeadlineForTheWholeAnswer) {
  const Connection connection;
  const std::string body = Megabyte();
  std::thread trickle([&] {  // takes a little of what is there, again and again: never idle, never done
    char bytes[64];
    for (;;) {
      if (::read(connection.theirs(), bytes, sizeof(bytes)) <= 0) return;
      std::this_thread::yield();
    }
  });
  const Written written = WriteAnswer(
      connection.ours(), {}, {Response{200, "text/plain", "", body + body + body + body}}, {}, milliseconds{1});
  EXPECT_FALSE(written.complete);
  trickle.join();
}

TEST(WriteAnswer, SurvivesAPeerThatIsGone) {
  Connection connection;
  connection.CloseTheirs();
  const Written written = WriteAnswer(connection.ours(), {}, {Response{200, "text/plain", "", "x"}}, {}, kPatience);
  EXPECT_FALSE(written.complete);
}

TEST(WriteAnswer, SurvivesAPeerThatGoesInTheMiddle) {
  Connection connection;
  std::thread leaver([&] {
    char bytes[100];
    EXPECT_GT(::read(connection.theirs(), bytes, sizeof(bytes)), 0);
    connection.CloseTheirs();
  });
  const Written written =
      WriteAnswer(connection.ours(), {}, {Response{200, "text/plain", "", Megabyte()}}, {}, kPatience);
  leaver.join();
  EXPECT_FALSE(written.complete);
}

Answer CachedInFile(const Representation& page) {
  Answer answer{ReadAnswer{WithBodyInFile(page), ReadSource::kNear, false, false}};
  EXPECT_TRUE(std::get<ReadAnswer>(answer.content).representation->file);
  return answer;
}

TEST(WriteAnswerFromAFile, WritesTheSameAsFromMemory) {
  const Representation page = Page(Megabyte());
  const Exchange from_file = Write({}, CachedInFile(page));
  EXPECT_TRUE(from_file.written.complete);
  EXPECT_EQ(from_file.written.bytes, from_file.bytes.size());
  EXPECT_TRUE(from_file.bytes == Write({}, Cached(page)).bytes);
}

TEST(WriteAnswerFromAFile, WritesNoBodyWhereNoneBelongs) {
  const Representation page = Page(kLong);
  EXPECT_EQ(Write({}, CachedInFile(page), Form::kHeadOnly).bytes, Write({}, Cached(page), Form::kHeadOnly).bytes);
  Request request;
  request.if_none_match = "*";
  EXPECT_EQ(Write(request, CachedInFile(page)).bytes, Write(request, Cached(page)).bytes);
}

TEST(WriteAnswerFromAFile, WritesTheGzipVariantWhereThatIsAskedFor) {
  const Representation page = Page(kLong);
  Request request;
  request.accepts_gzip = true;
  EXPECT_EQ(Write(request, CachedInFile(page)).bytes, Write(request, Cached(page)).bytes);
}

TEST(WriteAnswerFromAFile, ShutsDownWhoDoesNotReadByTheDeadline) {
  const Connection connection;
  const auto begin = std::chrono::steady_clock::now();
  const Written written = WriteAnswer(connection.ours(), {}, CachedInFile(Page(Megabyte())), {}, milliseconds{60});
  EXPECT_FALSE(written.complete);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds{60});
  EXPECT_LT(connection.ReadAll().size(), 1'000'000U);
}

TEST(WriteAnswerFromAFile, SurvivesAPeerThatGoesInTheMiddle) {
  Connection connection;
  std::thread leaver([&] {
    char bytes[100];
    EXPECT_GT(::read(connection.theirs(), bytes, sizeof(bytes)), 0);
    connection.CloseTheirs();
  });
  const Written written = WriteAnswer(connection.ours(), {}, CachedInFile(Page(Megabyte())), {}, kPatience);
  leaver.join();
  EXPECT_FALSE(written.complete);
}

}  // namespace
}  // namespace repopulse::http
