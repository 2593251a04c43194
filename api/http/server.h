// A listener of the replica: Pistache takes the bytes in, we write them out.
//
// Pistache's ResponseWriter::send() queues by file descriptor and can hand one client's answer to another after an
// abort, so answers are written here, on the worker's thread, inside the handler, straight to the peer's socket.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/dispatcher.h"

namespace repopulse::http {

struct ServerOptions {
  std::string host;
  uint16_t port = 0;
  int threads = 2;
  std::string name;             // of its threads
  std::string replica;          // told in X-Replica
  std::string replay_now = {};  // told in X-Replay-Now; empty: the clock is the real one
  bool may_wait = false;        // handlers may wait for jobs: for the control listener only
};

// What the listeners of a replica share while it stops.
struct Drain {
  std::atomic<bool> draining{false};  // reads are refused with 503, which the proxy takes to another replica
  std::atomic<int> in_flight{0};
};

// Start and Stop from one thread.
class Server {
 public:
  Server(ServerOptions options, const Dispatcher& dispatcher, Metrics& metrics, Drain& drain);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // kConflict where the port is taken.
  Status Start();
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace repopulse::http
