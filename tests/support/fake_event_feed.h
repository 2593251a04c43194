// A feed of events as GitHub serves it: its last 300 on three pages, moving while it is read.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "service/github.h"

namespace repopulse::test {

// Events are shown from a time on, not necessarily in the order they happened.
class FakeEventFeed {
 public:
  enum class Order { kShown, kCreated };  // where a late event stands: on top, or where its time puts it

  explicit FakeEventFeed(Order order = Order::kShown) : order_(order) {}

  std::chrono::seconds poll_interval{60};
  bool sends_etags = true;
  int64_t malformed_on_first_page = 0;
  // How many entries of each page are left out behind its cut into pages, as GitHub does.
  size_t filtered_of_a_page = 0;

  // `shown_at` must not be before that of the event published last.
  void Publish(Event event, TimePoint shown_at) { shown_.push_back({std::move(event), shown_at}); }

  EventFeedPage Read(int page, const std::string& etag, TimePoint now) const {
    EventFeedPage answer;
    answer.poll_interval = poll_interval;
    const std::vector<const Event*> all = Window(now);
    if (page == 1 && sends_etags) answer.etag = EtagOf(all);
    if (page == 1 && !etag.empty() && etag == answer.etag) {
      answer.not_modified = true;
      answer.etag.clear();
      return answer;
    }
    const size_t begin = std::min(all.size(), static_cast<size_t>(page - 1) * kPerPage);
    const size_t end = std::min(all.size(), begin + kPerPage);
    const size_t kept = end - begin - std::min(end - begin, filtered_of_a_page);
    for (size_t i = begin; i < begin + kept; ++i) answer.events.push_back(*all[i]);
    answer.has_next = page < 3 && end < all.size();
    answer.delivered = static_cast<int64_t>(answer.events.size());
    if (page == 1 && malformed_on_first_page > 0) {
      answer.malformed = malformed_on_first_page;
      answer.delivered += malformed_on_first_page;
      answer.malformed_reasons = {"an entry is no object"};
    }
    return answer;
  }

  struct Shown {
    Event event;
    TimePoint at;
  };
  [[nodiscard]] const std::deque<Shown>& truth() const { return shown_; }

 private:
  static constexpr size_t kPerPage = 100;
  static constexpr size_t kEventsMax = 300;
  // Later than this no event is shown, so that older ones need no look.
  static constexpr size_t kLook = 3000;

  [[nodiscard]] std::vector<const Event*> Window(TimePoint now) const {
    const auto end =
        std::upper_bound(shown_.begin(), shown_.end(), now, [](TimePoint t, const Shown& s) { return t < s.at; });
    const auto count = static_cast<size_t>(end - shown_.begin());
    const size_t look = std::min(count, order_ == Order::kShown ? kEventsMax : kLook);
    std::vector<const Event*> window;
    for (size_t i = 0; i < look; ++i) {
      const Event& event = shown_[count - 1 - i].event;
      if (event.created_at >= now - std::chrono::days{30}) window.push_back(&event);
    }
    if (order_ == Order::kCreated) {
      std::ranges::stable_sort(window, std::greater{}, [](const Event* event) { return event->created_at; });
    }
    if (window.size() > kEventsMax) window.resize(kEventsMax);
    return window;
  }
  static std::string EtagOf(const std::vector<const Event*>& all) {
    size_t hash = 17;
    for (size_t i = 0; i < std::min(all.size(), kPerPage); ++i) {
      hash = hash * 31 + std::hash<int64_t>{}(all[i]->id) +
             static_cast<size_t>(all[i]->created_at.time_since_epoch().count());
    }
    return "W/\"" + std::to_string(hash) + "\"";
  }

  const Order order_;
  std::deque<Shown> shown_;
};

}  // namespace repopulse::test
