// A bounded queue of named tasks worked off by threads of its own. A task whose name is already waiting or running is
// not queued again; when the queue is full, new tasks are refused (the caller goes on without).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace repopulse {

// Thread-safe. The destructor drops what waits and joins what runs.
class WorkerQueue {
 public:
  WorkerQueue(size_t threads, size_t tasks_max);
  ~WorkerQueue();
  WorkerQueue(const WorkerQueue&) = delete;
  WorkerQueue& operator=(const WorkerQueue&) = delete;

  // False where the name is queued already or the queue is full.
  bool TryPush(const std::string& name, std::function<void()> task);
  [[nodiscard]] size_t size() const;

 private:
  struct Task {
    std::string name;
    std::function<void()> run;
  };
  void Work(const std::stop_token& stop);

  const size_t tasks_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Task> tasks_;
  std::unordered_set<std::string> names_;  // waiting or running
  std::vector<std::jthread> threads_;
};

}  // namespace repopulse
