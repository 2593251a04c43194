// Asks for as many different things as wanted, each once: what a crawler gone wild or an attacker sends.
//
//   flood FROM HOST PORT COUNT CONNECTIONS REQUESTS_PER_SECOND FIRST TEMPLATE...
//
// FROM is the client's own address. Request number n, from FIRST on, is for the template of its turn with n in place of
// "{}". A template may begin with its weight: "5*/path?x={}" has five turns of a round. REQUESTS_PER_SECOND 0: the next
// as soon as one is answered. Prints one JSON object: sent, answered, failed, seconds, rate, bytes of the bodies, and
// how many answers had which status.
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
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{20'000};  // for any answer at all

struct Options {
  std::string from;
  std::string host;
  uint16_t port = 0;
  size_t count = 0;
  size_t connections = 0;
  double rate = 0;
  size_t first = 0;
  std::vector<std::string> turns;
};

struct Connection {
  int fd = -1;
  bool busy = false;
  std::string head;      // of the answer, until it is whole
  size_t body_left = 0;  // once it is
  bool in_body = false;
  bool closes = false;  // the server has said that it will
};

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "flood: %s\n", message.c_str());
  std::exit(1);
}

sockaddr_in Address(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) Die("bad address " + host);
  return address;
}

int Connect(const Options& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in from = Address(options.from, 0);
  const sockaddr_in address = Address(options.host, options.port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) Die(std::strerror(errno));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die(std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

std::optional<size_t> NumberAfter(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  size_t number = 0;
  const char* begin = text.data() + at + name.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

class Flood {
 public:
  explicit Flood(Options options)
      : options_(std::move(options)), epoll_(::epoll_create1(0)), connections_(options_.connections) {
    for (size_t i = 0; i < connections_.size(); ++i) Open(i);
  }

  void Go() {
    begin_ = Clock::now();
    last_answer_ = begin_;
    while (answered_ + failed_ < options_.count) {
      while (sent_ < Allowed() && !idle_.empty()) Send();
      if (Clock::now() - last_answer_ > kPatience) Die("no answer for 20 s");
      Receive();
    }
  }

  void Print() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::printf("{\"sent\":%zu,\"answered\":%zu,\"failed\":%zu,\"seconds\":%.2f,\"per_second\":%.1f,\"bytes\":%zu,",
                sent_, answered_, failed_, seconds, static_cast<double>(answered_) / seconds, bytes_);
    std::printf("\"statuses\":{");
    const char* separator = "";
    for (const auto& [status, count] : statuses_) {
      std::printf("%s\"%zu\":%zu", separator, status, count);
      separator = ",";
    }
    std::printf("}}\n");
  }

 private:
  void Open(size_t index) {
    connections_[index] = {.fd = Connect(options_), .head = {}};
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[index].fd, &event);
    idle_.push_back(index);
  }

  // How many requests may have been sent by now.
  size_t Allowed() const {
    if (options_.rate <= 0) return options_.count;
    const double due = std::chrono::duration<double>(Clock::now() - begin_).count() * options_.rate;
    return std::min(options_.count, static_cast<size_t>(due) + 1);
  }

  std::string RequestOf(size_t number) const {
    std::string target = options_.turns[number % options_.turns.size()];
    if (const size_t at = target.find("{}"); at != std::string::npos) target.replace(at, 2, std::to_string(number));
    return "GET " + target + " HTTP/1.1\r\nHost: flood\r\n\r\n";
  }

  void Send() {
    const size_t index = idle_.back();
    idle_.pop_back();
    Connection& c = connections_[index];
    const std::string request = RequestOf(options_.first + sent_++);
    c.busy = true;
    c.in_body = false;
    c.head.clear();
    if (::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) Lose(index);
  }

  // A connection that is gone; a request that was under way is counted as failed and not sent again.
  void Lose(size_t index) {
    Connection& c = connections_[index];
    failed_ += c.busy ? 1 : 0;
    if (!c.busy) std::erase(idle_, index);
    ::close(c.fd);  // leaves the epoll set
    Open(index);
  }

  void Receive() {
    std::array<epoll_event, 64> events{};
    const bool may_send = !idle_.empty() && sent_ < options_.count;
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), may_send ? 1 : 100);
    for (int i = 0; i < count; ++i) Read(events[static_cast<size_t>(i)].data.u64);
  }

  void Read(size_t index) {
    Connection& c = connections_[index];
    for (;;) {
      const ssize_t got = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) return Lose(index);
      Take(c, {buffer_.data(), static_cast<size_t>(got)});
      if (c.busy) continue;
      if (c.closes) return Lose(index);
      return idle_.push_back(index);
    }
  }

  void Take(Connection& c, std::string_view bytes) {
    if (!c.in_body) {
      c.head += bytes;
      const size_t end = c.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const size_t body_here = c.head.size() - end - 4;
      c.head.resize(end + 2);
      const auto length = NumberAfter(c.head, "\r\nContent-Length: ");
      if (!length) Die("an answer without Content-Length: " + c.head);
      bytes_ += *length;
      c.body_left = *length - body_here;
      c.in_body = true;
      c.closes = c.head.find("\r\nConnection: close") != std::string::npos;
    } else {
      c.body_left -= bytes.size();
    }
    if (c.body_left > 0) return;
    c.busy = false;
    ++answered_;
    ++statuses_[NumberAfter(c.head, "HTTP/1.1 ").value_or(0)];
    last_answer_ = Clock::now();
  }

  const Options options_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<size_t> idle_;
  std::map<size_t, size_t> statuses_;
  std::array<char, 256 * 1024> buffer_{};
  Clock::time_point begin_;
  Clock::time_point last_answer_;
  size_t sent_ = 0;
  size_t answered_ = 0;
  size_t failed_ = 0;
  size_t bytes_ = 0;
};

size_t Number(const char* text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  if (error != std::errc{} || *end != '\0') Die(std::string("not a number: ") + text);
  return number;
}

void AddTurns(std::string_view text, std::vector<std::string>& turns) {
  size_t weight = 1;
  if (const size_t star = text.find('*'); star != std::string_view::npos && !text.starts_with('/')) {
    weight = Number(std::string(text.substr(0, star)).c_str());
    text.remove_prefix(star + 1);
  }
  turns.insert(turns.end(), weight, std::string(text));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) Die("usage: flood FROM HOST PORT COUNT CONNECTIONS REQUESTS_PER_SECOND FIRST TEMPLATE...");
  Options options{argv[1],
                  argv[2],
                  static_cast<uint16_t>(Number(argv[3])),
                  Number(argv[4]),
                  Number(argv[5]),
                  static_cast<double>(Number(argv[6])),
                  Number(argv[7]),
                  {}};
  for (int i = 8; i < argc; ++i) AddTurns(argv[i], options.turns);
  if (options.connections == 0 || options.turns.empty()) Die("connections and templates are needed");
  static Flood flood(std::move(options));
  flood.Go();
  flood.Print();
  return 0;
}
