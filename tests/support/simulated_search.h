// GitHub's repository search over a population made by a test: 100 results a page, most stars first, at most 1,000
// results of one query, then 422 (docs.github.com/rest/search/search).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse::test {

struct Candidate {
  int64_t id = 0;
  int64_t stars = 0;
  TimePoint created_at;
};

struct SearchResults {
  bool refused = false;  // 422
  int64_t total_count = 0;
  bool has_next = false;
  std::vector<Candidate> items;
};

class SimulatedSearch {
 public:
  explicit SimulatedSearch(std::vector<Candidate> population) : population_(std::move(population)) {
    std::ranges::stable_sort(population_, std::greater{}, &Candidate::stars);
  }

  // Leaves every n-th result of a page out, as GitHub does with what it may not show.
  void ShowShortPages(size_t every) { hidden_every_ = every; }

  [[nodiscard]] SearchResults Ask(const std::string& query, int page) const {
    const Bounds bounds = Parse(query);
    std::vector<Candidate> matches;
    for (const Candidate& candidate : population_) {
      if (bounds.Hold(candidate)) matches.push_back(candidate);
    }
    SearchResults results;
    results.total_count = static_cast<int64_t>(matches.size());
    if (page < 1 || page > kPages) {
      results.refused = true;
      return results;
    }
    const size_t reachable = std::min<size_t>(matches.size(), kPages * kPerPage);
    const size_t begin = std::min<size_t>(static_cast<size_t>(page - 1) * kPerPage, reachable);
    const size_t end = std::min(begin + kPerPage, reachable);
    results.has_next = end < reachable;
    for (size_t i = begin; i < end; ++i) {
      if (!IsHidden(matches[i])) results.items.push_back(matches[i]);
    }
    return results;
  }

  // Never shown in any answer.
  [[nodiscard]] bool IsHidden(const Candidate& candidate) const {
    return hidden_every_ != 0 && static_cast<size_t>(candidate.id) % hidden_every_ == 0;
  }

  [[nodiscard]] const std::vector<Candidate>& population() const { return population_; }

 private:
  static constexpr int kPages = 10;
  static constexpr size_t kPerPage = 100;

  struct Bounds {
    int64_t stars_min = 0;
    int64_t stars_max = std::numeric_limits<int64_t>::max();
    std::optional<TimePoint> from;
    std::optional<TimePoint> to;

    [[nodiscard]] bool Hold(const Candidate& c) const {
      return c.stars >= stars_min && c.stars <= stars_max && (!from || c.created_at >= *from) &&
             (!to || c.created_at <= *to);
    }
  };

  static Bounds Parse(const std::string& query) {
    Bounds bounds;
    for (const std::string_view word : SplitWords(query)) {
      if (word.starts_with("stars:<=")) {
        bounds.stars_max = ParseInteger<int64_t>(word.substr(8)).value();
      } else if (word.starts_with("stars:")) {
        bounds.stars_min = bounds.stars_max = ParseInteger<int64_t>(word.substr(6)).value();
      } else if (word.starts_with("created:")) {
        const std::string_view range = word.substr(8);
        const size_t dots = range.find("..");
        bounds.from = ParseRfc3339(range.substr(0, dots)).value();
        bounds.to = ParseRfc3339(range.substr(dots + 2)).value();
      } else if (!word.starts_with("topic:")) {
        throw std::invalid_argument("not a qualifier of the search: " + std::string(word));
      }
    }
    return bounds;
  }

  std::vector<Candidate> population_;
  size_t hidden_every_ = 0;
};

}  // namespace repopulse::test
