// A small HTTP server on this machine that sends exactly the bytes a test wants.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace repopulse::test {

// One client at a time; for each request `behave` is called with the connection's socket and the request. It returns
// whether the connection stays open.
class SocketServer {
 public:
  using Behaviour = std::function<bool(int peer, const std::string& request)>;

  explicit SocketServer(Behaviour behave) : behave_(std::move(behave)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~SocketServer() {
    stopping_ = true;
    shutdown(fd_, SHUT_RDWR);
    if (const int peer = peer_; peer >= 0) shutdown(peer, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }

  [[nodiscard]] std::string Url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] bool stopping() const { return stopping_; }

 private:
  void Serve() {
    for (int peer; !stopping_ && (peer = accept(fd_, nullptr, nullptr)) >= 0; close(peer)) {
      ++connections_;
      peer_ = peer;
      std::string request;
      char bytes[4096];
      for (ssize_t size; !stopping_ && (size = recv(peer, bytes, sizeof(bytes), 0)) > 0;) {
        request.append(bytes, static_cast<size_t>(size));
        if (request.find("\r\n\r\n") == std::string::npos) continue;
        if (!behave_(peer, request)) break;
        request.clear();
      }
      peer_ = -1;
    }
  }

  const Behaviour behave_;
  int fd_ = -1;
  int port_ = 0;
  std::atomic<int> peer_{-1};
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

inline bool Say(int peer, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

inline std::string Answer(const std::string& status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

}  // namespace repopulse::test
