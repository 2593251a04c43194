#include "integration/storage/relay.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace repopulse {
namespace {

constexpr int kPollMs = 20;

int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// False at the end of the stream.
bool Pass(int from, int to) {
  std::array<char, 16384> bytes{};
  const ssize_t count = read(from, bytes.data(), bytes.size());
  return count > 0 && send(to, bytes.data(), static_cast<size_t>(count), MSG_NOSIGNAL) == count;
}

}  // namespace

Relay::Relay(std::string socket) : socket_(std::move(socket)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener_, 16), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { Accept(); });
}

Relay::~Relay() {
  stopping_ = true;
  acceptor_.join();
  carriers_.clear();
  close(listener_);
}

void Relay::Accept() {
  while (!stopping_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, kPollMs) > 0) {
      const int client = accept(listener_, nullptr, nullptr);
      carriers_.emplace_back([this, client] { Carry(client); });
    }
  }
}

void Relay::Carry(int client) {
  const int server = ConnectTo(socket_);
  std::array<pollfd, 2> ends{pollfd{.fd = client, .events = POLLIN, .revents = 0},
                             pollfd{.fd = server, .events = POLLIN, .revents = 0}};
  bool open = true;
  while (open && !stopping_) {
    if (silent_) {
      std::this_thread::sleep_for(std::chrono::milliseconds{kPollMs});
    } else if (poll(ends.data(), ends.size(), kPollMs) > 0) {
      if (ends[0].revents != 0) open = Pass(client, server);
      if (open && ends[1].revents != 0) open = Pass(server, client);
    }
  }
  close(server);
  close(client);
}

}  // namespace repopulse
