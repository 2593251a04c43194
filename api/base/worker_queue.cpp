#include "base/worker_queue.h"

#include <exception>

#include "base/log.h"

namespace repopulse {

WorkerQueue::WorkerQueue(size_t threads, size_t tasks_max) : tasks_max_(tasks_max) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
}

WorkerQueue::~WorkerQueue() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

bool WorkerQueue::TryPush(const std::string& name, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= tasks_max_ || !names_.insert(name).second) return false;
    tasks_.push_back({name, std::move(task)});
  }
  ready_.notify_one();
  return true;
}

size_t WorkerQueue::size() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void WorkerQueue::Work(const std::stop_token& stop) {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      if (!ready_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
      if (stop.stop_requested()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    try {
      task.run();
    } catch (const std::exception& e) {
      LogError("background_task_failed", {{"task", task.name}, {"error", e.what()}});
    } catch (...) {  // whatever leaves here would end the process
      LogError("background_task_failed", {{"task", task.name}});
    }
    const std::lock_guard lock(mutex_);
    names_.erase(task.name);
  }
}

}  // namespace repopulse
