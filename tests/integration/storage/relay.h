// A TCP port that leads to a unix socket: connections over TCP, and networks that fall silent.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace repopulse {

class Relay {
 public:
  explicit Relay(std::string socket);
  ~Relay();
  [[nodiscard]] uint16_t port() const { return port_; }
  // While silent it takes bytes but passes none on, in both directions.
  void SetSilent(bool silent) { silent_ = silent; }

 private:
  void Accept();
  void Carry(int client);

  const std::string socket_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> silent_{false};
  std::atomic<bool> stopping_{false};
  std::vector<std::jthread> carriers_;
  std::jthread acceptor_;
};

}  // namespace repopulse
