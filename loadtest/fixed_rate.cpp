// An open-loop load generator: sends requests at fixed times, whether or not earlier ones were answered, and measures
// each from the time it should have been sent. (wrk waits for answers before it sends on, which hides stalls:
// "coordinated omission".)
//
//   fixed_rate HOST PORT TARGET REQUESTS_PER_SECOND SECONDS CONNECTIONS
//
// Prints one JSON object: sent, answered, failed, achieved rate, and latency percentiles in milliseconds.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  bool busy = false;
  Clock::time_point due;  // of the request under way
  std::string head;       // of the answer, until it is whole
  size_t body_left = 0;
  bool in_body = false;
};

struct Options {
  std::string host;
  uint16_t port = 0;
  std::string target;
  double rate = 0;
  double seconds = 0;
  size_t connections = 0;
};

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "fixed_rate: %s\n", message.c_str());
  std::exit(1);
}

int Connect(const Options& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (fd < 0 || ::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1) Die("bad address " + options.host);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Die(std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

size_t ContentLength(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const size_t at = lower.find("\r\ncontent-length:");
  if (at == std::string::npos) Die("an answer without Content-Length");
  const size_t begin = lower.find_first_of("0123456789", at);
  size_t length = 0;
  std::from_chars(lower.data() + begin, lower.data() + lower.size(), length);
  return length;
}

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        request_("GET " + options.target + " HTTP/1.1\r\nHost: bench\r\n\r\n"),
        epoll_(::epoll_create1(0)) {
    for (size_t i = 0; i < options.connections; ++i) {
      connections_.push_back({.fd = Connect(options), .due = {}, .head = {}});
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
      idle_.push_back(i);
    }
  }

  void Go() {
    const auto begin = Clock::now();
    const auto total = static_cast<size_t>(options_.rate * options_.seconds);
    const auto patience =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds + 5));
    size_t next = 0;
    while ((next < total || answered_ + failed_ < next) && Clock::now() < patience) {
      const auto now = Clock::now();
      while (next < total && DueTime(begin, next) <= now) waiting_.push_back(DueTime(begin, next++));
      while (!waiting_.empty() && !idle_.empty()) Send();
      Receive(next < total ? DueTime(begin, next) : now + std::chrono::milliseconds(5));
    }
    failed_ += next - answered_ - failed_;
    Print(std::chrono::duration<double>(Clock::now() - begin).count(), next);
  }

 private:
  Clock::time_point DueTime(Clock::time_point begin, size_t n) const {
    return begin + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(n) / options_.rate));
  }

  void Send() {
    // In turns: a proxy closes a connection that has carried some thousand requests, which is not a failure of its.
    Connection& c = connections_[idle_.front()];
    idle_.pop_front();
    c.due = waiting_.front();
    waiting_.pop_front();
    c.busy = true;
    c.in_body = false;
    c.head.clear();
    if (::send(c.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) Fail(c);
  }

  void Fail(Connection& c) {
    ++failed_;
    c.busy = false;
    ::close(c.fd);  // leaves the epoll set; the connection is not used again
  }

  void Receive(Clock::time_point until) {
    const auto left = std::chrono::floor<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(std::max<int64_t>(left, 0)));
    for (int i = 0; i < count; ++i) Read(events[static_cast<size_t>(i)].data.u64);
  }

  void Read(size_t index) {
    Connection& c = connections_[index];
    for (;;) {
      const ssize_t got = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) return c.busy ? Fail(c) : static_cast<void>(::close(c.fd));
      Take(c, {buffer_.data(), static_cast<size_t>(got)});
      if (!c.busy) return idle_.push_back(index);
    }
  }

  void Take(Connection& c, std::string_view bytes) {
    if (!c.in_body) {
      c.head += bytes;
      const size_t end = c.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const std::string rest = c.head.substr(end + 4);
      c.head.resize(end);
      if (!c.head.starts_with("HTTP/1.1 200")) ++failed_status_;
      c.body_left = ContentLength(c.head + "\r\n") - rest.size();
      c.in_body = true;
    } else {
      c.body_left -= bytes.size();
    }
    if (c.body_left > 0) return;
    ++answered_;
    c.busy = false;
    latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - c.due).count());
  }

  double Percentile(double share) const {
    if (latencies_.empty()) return 0;
    return latencies_[std::min(latencies_.size() - 1,
                               static_cast<size_t>(share * static_cast<double>(latencies_.size())))];
  }

  void Print(double seconds, size_t sent) {
    std::ranges::sort(latencies_);
    std::printf(
        "{\"sent\":%zu,\"answered\":%zu,\"failed\":%zu,\"not_200\":%zu,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p90_ms\":%"
        ".3f,"
        "\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}\n",
        sent, answered_, failed_, failed_status_, static_cast<double>(answered_) / seconds, Percentile(0.5),
        Percentile(0.9), Percentile(0.99), Percentile(0.999), latencies_.empty() ? 0 : latencies_.back());
  }

  const Options options_;
  const std::string request_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::deque<size_t> idle_;
  std::deque<Clock::time_point> waiting_;
  std::vector<double> latencies_;
  std::array<char, 256 * 1024> buffer_{};
  size_t answered_ = 0;
  size_t failed_ = 0;
  size_t failed_status_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) Die("usage: fixed_rate HOST PORT TARGET REQUESTS_PER_SECOND SECONDS CONNECTIONS");
  const Options options{argv[1],
                        static_cast<uint16_t>(std::atoi(argv[2])),
                        argv[3],
                        std::atof(argv[4]),
                        std::atof(argv[5]),
                        static_cast<size_t>(std::atoi(argv[6]))};
  if (options.rate <= 0 || options.seconds <= 0 || options.connections == 0)
    Die("rate, seconds and connections must be above 0");
  static Run run(options);
  run.Go();
  return 0;
}
