// A Redis of a test's own, to be stopped, frozen and filled; and a client to do to it what the service does not.
#pragma once

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache.h"

namespace repopulse::test {

// Polls until it holds; false where it did not in time.
inline bool Eventually(const std::function<bool()>& holds, std::chrono::milliseconds time = std::chrono::seconds{10}) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

// Runs one command on a connection of its own; the reply as text ("(nil)", "(error) …"; arrays with spaces between).
inline std::string Tell(const std::string& socket, const std::vector<std::string>& command,
                        const std::string& password = "") {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context(redisConnectUnix(socket.c_str()), redisFree);
  if (context == nullptr || context->err != 0) return "(no connection)";
  const auto run = [&](const std::vector<std::string>& words) -> std::string {
    std::vector<const char*> pointers;
    std::vector<size_t> sizes;
    for (const auto& word : words) {
      pointers.push_back(word.data());
      sizes.push_back(word.size());
    }
    const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
        static_cast<redisReply*>(redisCommandArgv(context.get(), int(words.size()), pointers.data(), sizes.data())),
        freeReplyObject);
    if (reply == nullptr) return "(no reply)";
    if (reply->type == REDIS_REPLY_NIL) return "(nil)";
    if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
    if (reply->type == REDIS_REPLY_ERROR) return "(error) " + std::string(reply->str, reply->len);
    if (reply->type != REDIS_REPLY_ARRAY) return std::string(reply->str, reply->len);
    std::string all;
    for (size_t i = 0; i < reply->elements; ++i)
      all += std::string(reply->element[i]->str, reply->element[i]->len) + " ";
    return all;
  };
  if (!password.empty()) run({"AUTH", password});
  return run(command);
}

// The number behind `name:` in INFO.
inline long InfoNumber(const std::string& socket, const std::string& name) {
  const std::string info = "\n" + Tell(socket, {"INFO", "everything"});
  const size_t at = info.find("\n" + name + ":");
  return at == std::string::npos ? -1 : std::strtol(info.c_str() + at + name.size() + 2, nullptr, 10);
}

class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> settings = {}, std::string password = "")
      : settings_(std::move(settings)), password_(std::move(password)) {
    char name[] = "/tmp/rp-redis-XXXXXX";
    folder_ = mkdtemp(name);
    Start();
  }
  ~RedisServer() {
    Kill();
    std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::string socket() const { return folder_ + "/socket"; }

  // True once it answers.
  bool Start() {
    std::vector<std::string> words = {
        "redis-server", "--port", "0",     "--unixsocket", socket(),    "--save",        "",
        "--appendonly", "no",     "--dir", folder_,        "--logfile", folder_ + "/log"};
    if (!password_.empty()) words.insert(words.end(), {"--requirepass", password_});
    words.insert(words.end(), settings_.begin(), settings_.end());
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execvp("redis-server", arguments.data());
      _exit(127);
    }
    return Eventually([this] { return Tell(socket(), {"PING"}, password_) == "PONG"; });
  }
  // At once, as a crash is.
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::filesystem::remove(socket());
  }
  // Frozen, it accepts connections (the kernel does) but answers nothing.
  void Freeze() const {
    kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
  }
  void Thaw() const { kill(pid_, SIGCONT); }

 private:
  const std::vector<std::string> settings_;
  const std::string password_;
  std::string folder_;
  pid_t pid_ = -1;
};

// Timeouts that a busy machine does not meet by chance.
inline RedisOptions PatientOptions(const std::string& socket) {
  RedisOptions options;
  options.socket = socket;
  options.connect_timeout = std::chrono::seconds{5};
  options.command_timeout = std::chrono::seconds{5};
  options.ping_timeout = std::chrono::seconds{5};
  return options;
}

// The Redis that with-servers started; empty where the tests run without it.
inline std::string SharedRedisSocket() {
  const char* socket = std::getenv("REDIS_SOCKET");
  return socket == nullptr ? "" : socket;
}

}  // namespace repopulse::test
