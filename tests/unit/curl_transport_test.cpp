// The transport against a small server on this machine that sends exactly the bytes a test wants.
#include "github/curl_transport.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/encode.h"
#include "support/socket_server.h"

namespace repopulse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that always says these bytes, and then closes.
SocketServer::Behaviour Always(std::string bytes) {
  return [bytes = std::move(bytes)](int peer, const std::string&) {
    Say(peer, bytes);
    return false;
  };
}

Result<HttpResponse> Get(const std::string& url, milliseconds deadline = seconds{20}, size_t body_bytes_max = 1 << 20,
                         const CurlTimeouts& timeouts = {}) {
  return MakeCurlTransport(timeouts)->Get(
      {.url = url, .headers = {}, .deadline = deadline, .body_bytes_max = body_bytes_max}, {});
}

milliseconds Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

TEST(CurlTransport, SendsTheHeadersAndReadsTheAnswer) {
  std::string request;
  const SocketServer server([&request](int peer, const std::string& text) {
    request = text;
    return Say(peer, Answer("404 Not Found", "a body", "X-One: 1\r\nx-Two:  two \r\nX-One: again\r\nX-Empty:\r\n"));
  });
  const auto response =
      MakeCurlTransport()->Get({.url = server.Url("/a?b=%3A"), .headers = {"User-Agent: me", "X-Other: x"}}, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "a body");
  EXPECT_EQ(response->Header("x-one"), "1");
  EXPECT_EQ(response->Header("x-two"), "two");
  EXPECT_EQ(response->Header("x-empty"), "");
  EXPECT_EQ(response->Header("x-three"), std::nullopt);
  EXPECT_TRUE(request.starts_with("GET /a?b=%3A HTTP/1.1\r\n")) << request;
  for (const char* line : {"User-Agent: me\r\n", "X-Other: x\r\n", "Accept-Encoding: gzip\r\n"}) {
    EXPECT_NE(request.find(line), std::string::npos) << line;
  }
}

TEST(CurlTransport, KeepsItsConnection) {
  const SocketServer server([](int peer, const std::string&) { return Say(peer, Answer("200 OK", "x")); });
  const auto transport = MakeCurlTransport();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport->Get({.url = server.Url(), .headers = {}}, {}));
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, SendsTheHeadersOfOneRequestWithThatRequestOnly) {
  std::string request;
  const SocketServer server([&request](int peer, const std::string& text) {
    request = text;
    return Say(peer, Answer("200 OK", "x"));
  });
  const auto transport = MakeCurlTransport();
  ASSERT_TRUE(transport->Get({.url = server.Url(), .headers = {"Authorization: Bearer x"}}, {}));
  ASSERT_TRUE(transport->Get({.url = server.Url(), .headers = {}}, {}));
  EXPECT_EQ(request.find("Authorization"), std::string::npos);
}

TEST(CurlTransport, UnpacksGzip) {
  const std::string body(100'000, 'x');
  const SocketServer server(Always(Answer("200 OK", Gzip(body), "Content-Encoding: gzip\r\n")));
  const auto response = Get(server.Url());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, body);
}

TEST(CurlTransport, RefusesABodyLargerThanAllowedAlsoAfterUnpacking) {
  const std::string bomb = Gzip(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 100'000u);
  const SocketServer packed(Always(Answer("200 OK", bomb, "Content-Encoding: gzip\r\n")));
  EXPECT_EQ(Get(packed.Url()).error().code, ErrorCode::kMalformed);

  const SocketServer endless([](int peer, const std::string&) {
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (bool open = Say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); open;) open = Say(peer, chunk);
    return false;
  });
  EXPECT_EQ(Get(endless.Url()).error().code, ErrorCode::kMalformed);

  const SocketServer exact(Always(Answer("200 OK", std::string(1000, 'x'))));
  EXPECT_TRUE(Get(exact.Url(), seconds{20}, 1000));
  EXPECT_EQ(Get(exact.Url(), seconds{20}, 999).error().code, ErrorCode::kMalformed);
}

TEST(CurlTransport, RefusesEndlessHeaders) {
  for (const std::string& line : {std::string("X-Header: x\r\n"), "X: " + std::string(30'000, 'x') + "\r\n"}) {
    const SocketServer server([&line](int peer, const std::string&) {
      for (bool open = Say(peer, "HTTP/1.1 200 OK\r\n"); open;) open = Say(peer, line);
      return false;
    });
    const auto response = Get(server.Url());
    ASSERT_FALSE(response);
    EXPECT_NE(response.error().code, ErrorCode::kTimeout);
    EXPECT_LT(response.error().message.size(), 500u);
  }
}

TEST(CurlTransport, SeesACutConnection) {
  for (const char* part :
       {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
    const SocketServer server(Always(part));
    const auto response = Get(server.Url());
    ASSERT_FALSE(response) << part;
    EXPECT_TRUE(response.error().code == ErrorCode::kUnavailable || response.error().code == ErrorCode::kMalformed)
        << part;
  }
}

TEST(CurlTransport, SeesWhatIsNotHttp) {
  for (const char* nonsense : {"SSH-2.0-OpenSSH_9.2\r\n", "\1\2\3\4", "<html></html>"}) {
    const SocketServer server(Always(nonsense));
    const auto response = Get(server.Url());
    ASSERT_FALSE(response) << nonsense;
    EXPECT_EQ(response.error().code, ErrorCode::kMalformed) << nonsense;
  }
  const SocketServer garbage(Always(Answer("200 OK", "this is not gzip", "Content-Encoding: gzip\r\n")));
  EXPECT_EQ(Get(garbage.Url()).error().code, ErrorCode::kMalformed);
}

TEST(CurlTransport, GivesUpAtTheDeadlineHoweverTheBytesDrip) {
  const SocketServer silent([](int, const std::string&) { return true; });
  const SocketServer dripping([](int peer, const std::string&) {
    Say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (Say(peer, "x")) std::this_thread::sleep_for(milliseconds{10});
    return false;
  });
  for (const SocketServer* server : {&silent, &dripping}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Get(server->Url(), milliseconds{300}).error().code, ErrorCode::kTimeout);
    EXPECT_LT(Since(start), seconds{2});
  }
}

TEST(CurlTransport, GivesUpOnAnAnswerThatIsTooSlow) {
  const SocketServer silent([](int, const std::string&) { return true; });
  const auto start = std::chrono::steady_clock::now();
  const auto response = Get(silent.Url(), seconds{60}, 1000, {.slow_bytes_per_second = 100, .slow_time = seconds{1}});
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_LT(Since(start), seconds{15});
}

TEST(CurlTransport, StopsSoonAfterItIsAskedTo) {
  const SocketServer silent([](int, const std::string&) { return true; });
  const auto transport = MakeCurlTransport();
  for (int i = 0; i < 3; ++i) {
    std::stop_source stop;
    std::chrono::steady_clock::time_point asked;
    std::thread stopper([&] {
      std::this_thread::sleep_for(milliseconds{100});
      asked = std::chrono::steady_clock::now();
      stop.request_stop();
    });
    const auto response = transport->Get({.url = silent.Url(), .headers = {}}, stop.get_token());
    const auto ended = std::chrono::steady_clock::now();
    stopper.join();
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kCancelled);
    EXPECT_LT(ended - asked, milliseconds{500});
  }
}

TEST(CurlTransport, DoesNotEvenConnectOnceStopped) {
  const SocketServer server(Always(Answer("200 OK", "x")));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(MakeCurlTransport()->Get({.url = server.Url(), .headers = {}}, stop.get_token()).error().code,
            ErrorCode::kCancelled);
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlTransport, MakesOneRequestAtATime) {
  std::atomic<int> under_way{0};
  std::atomic<int> most{0};
  const auto slow = [&](int peer, const std::string&) {
    most = std::max(most.load(), ++under_way);
    std::this_thread::sleep_for(milliseconds{5});
    --under_way;
    return Say(peer, Answer("200 OK", "x"));
  };
  const SocketServer one(slow);
  const SocketServer two(slow);
  const auto transport = MakeCurlTransport();
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i)
        failed += transport->Get({.url = (t % 2 == 0 ? one : two).Url(), .headers = {}}, {}) ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(most, 1);
}

TEST(CurlTransport, DoesNotWaitForItsTurnLongerThanAllowed) {
  const SocketServer silent([](int, const std::string&) { return true; });
  const auto transport = MakeCurlTransport();
  std::stop_source stop;
  std::thread first([&] { (void)transport->Get({.url = silent.Url(), .headers = {}}, stop.get_token()); });
  while (silent.connections() == 0) std::this_thread::sleep_for(milliseconds{1});
  EXPECT_EQ(transport->Get({.url = silent.Url(), .headers = {}, .deadline = milliseconds{100}}, {}).error().code,
            ErrorCode::kTimeout);
  std::stop_source other;
  std::thread stopper([&] { other.request_stop(); });
  EXPECT_EQ(transport->Get({.url = silent.Url(), .headers = {}}, other.get_token()).error().code,
            ErrorCode::kCancelled);
  stopper.join();
  stop.request_stop();
  first.join();
}

TEST(CurlTransport, FollowsNoRedirect) {
  const SocketServer elsewhere(Always(Answer("200 OK", "x")));
  const SocketServer server(Always(Answer("302 Found", "", "Location: " + elsewhere.Url() + "\r\n")));
  const auto response = Get(server.Url());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->Header("location"), elsewhere.Url());
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(CurlTransport, KeepsNoHeaderOfAnInterimAnswer) {
  const SocketServer server(
      Always("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + Answer("200 OK", "x", "X-Final: 1\r\n")));
  const auto response = Get(server.Url());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->Header("x-early"), std::nullopt);
  EXPECT_EQ(response->Header("x-final"), "1");
}

TEST(CurlTransport, SpeaksOnlyHttpAndHttps) {
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/", "", "://", "http://"}) {
    const auto response = Get(url);
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code, ErrorCode::kInvalidArgument) << url << ": " << response.error().message;
  }
}

// Starts a program with its output thrown away.
pid_t Start(const std::vector<std::string>& words) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDWR);
  for (int fd : {0, 1, 2}) dup2(nothing, fd);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

TEST(CurlTransport, TrustsNoCertificateThatNobodyVouchesFor) {
  char name[] = "/tmp/rp-tls-XXXXXX";
  const std::string folder = mkdtemp(name);
  const std::string key = folder + "/key";
  const std::string certificate = folder + "/certificate";
  int status = 0;
  waitpid(Start({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                 "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"}),
          &status, 0);
  if (status != 0) GTEST_SKIP() << "no openssl to make a certificate with";
  std::string port;
  {
    const SocketServer free_port(Always(""));
    const std::string url = free_port.Url("");
    port = url.substr(url.rfind(':') + 1);
  }
  const pid_t server = Start(
      {"openssl", "s_server", "-accept", "127.0.0.1:" + port, "-cert", certificate, "-key", key, "-www", "-quiet"});
  std::string error;
  for (int i = 0; i < 500 && error.find("certificate") == std::string::npos; ++i) {  // until it listens
    const auto response = Get("https://127.0.0.1:" + port + "/");
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
    error = response.error().message;
    std::this_thread::sleep_for(milliseconds{10});
  }
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  std::filesystem::remove_all(folder);
  EXPECT_NE(error.find("certificate"), std::string::npos) << error;
}

TEST(CurlTransport, SaysThatNobodyListens) {
  std::string url;
  {
    const SocketServer gone(Always(""));
    url = gone.Url();
  }
  const auto response = Get(url);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(response.error().message.find("127.0.0.1"), std::string::npos) << response.error().message;
}

TEST(CurlTransport, UsesNoProxyForThisMachine) {
  const SocketServer server(Always(Answer("200 OK", "direct")));
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  const auto response = Get(server.Url());
  unsetenv("http_proxy");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "direct");
}

}  // namespace
}  // namespace repopulse::test
