// Writes archive files of made-up events, for measuring at any size: one file an hour, in the form of GH Archive.
//
//   event_generator FOLDER EVENTS DAYS END REPOSITORIES SEED
//
// END: the last file's end, as 2026-01-31T00:00:00Z. The same arguments give the same bytes. Repositories differ in
// size as on GitHub (a Zipf law), types and actions come in the shares of a real hour of 2015 with today's types added.
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Seconds = std::chrono::sys_seconds;

struct Options {
  std::filesystem::path folder;
  int64_t events = 0;
  int64_t hours = 0;
  Seconds end;
  uint32_t repositories = 0;
  uint64_t seed = 0;
};

struct Kind {
  std::string_view type;
  std::string_view action;  // empty: none
  bool has_number = false;
  int weight = 0;  // of 1,000
};

constexpr std::array kKinds = {Kind{"PushEvent", "", false, 520},
                               Kind{"CreateEvent", "", false, 100},
                               Kind{"IssueCommentEvent", "created", true, 80},
                               Kind{"WatchEvent", "started", false, 80},
                               Kind{"PullRequestEvent", "opened", true, 30},
                               Kind{"PullRequestEvent", "closed", true, 25},
                               Kind{"IssuesEvent", "opened", true, 28},
                               Kind{"IssuesEvent", "closed", true, 20},
                               Kind{"IssuesEvent", "reopened", true, 2},
                               Kind{"PullRequestReviewEvent", "created", true, 25},
                               Kind{"PullRequestReviewCommentEvent", "created", true, 20},
                               Kind{"DeleteEvent", "", false, 30},
                               Kind{"ForkEvent", "", false, 25},
                               Kind{"ReleaseEvent", "published", false, 7},
                               Kind{"GollumEvent", "", false, 4},
                               Kind{"MemberEvent", "added", false, 2},
                               Kind{"PublicEvent", "", false, 2}};

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "event_generator: %s\n", message.c_str());
  std::exit(64);
}

template <class Int>
Int Number(std::string_view text, const char* what) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0)
    Die(std::string(what) + " has to be a number above 0");
  return value;
}

Seconds Time(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  if (std::sscanf(text.c_str(), "%d-%u-%uT%d:00:00Z", &year, &month, &day, &hour) != 4)
    Die("END is no whole hour as 2026-01-31T00:00:00Z");
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} +
         std::chrono::hours{hour};
}

std::string Text(Seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string FileName(Seconds hour) {
  const std::string text = Text(hour);  // 2026-01-31T07:…
  return text.substr(0, 10) + "-" + (text[11] == '0' ? "" : text.substr(11, 1)) + text.substr(12, 1) + ".json.gz";
}

// Ranks by Zipf's law with exponent 1: the chance of rank r is as 1/r. By the inverse of its (approximate)
// distribution.
uint32_t ZipfRank(double random, uint32_t ranks) {
  const double rank = std::exp(random * std::log(static_cast<double>(ranks) + 1.0));
  return std::min(static_cast<uint32_t>(rank), ranks);
}

const Kind& KindOf(int number) {
  for (const Kind& kind : kKinds) {
    number -= kind.weight;
    if (number < 0) return kind;
  }
  return kKinds.front();
}

class Generator {
 public:
  explicit Generator(const Options& options)
      : options_(options), random_(options.seed), id_(static_cast<int64_t>(options.seed) * 1'000'000'000) {}

  // The lines of one hour.
  std::string Hour(Seconds begin, int64_t events) {
    std::vector<int> seconds(static_cast<size_t>(events));
    for (int& second : seconds) second = static_cast<int>(random_() % 3600);
    std::ranges::sort(seconds);
    std::string lines;
    for (const int second : seconds) AppendEvent(lines, begin + std::chrono::seconds{second});
    return lines;
  }

 private:
  void AppendEvent(std::string& lines, Seconds at) {
    const Kind& kind = KindOf(static_cast<int>(random_() % 1000));
    const uint32_t repository = ZipfRank(std::uniform_real_distribution<>(0, 1)(random_), options_.repositories);
    const uint64_t actor = 1 + random_() % 50'000;
    const bool bot = actor % 50 == 0;
    const std::string login = "user-" + std::to_string(actor) + (bot ? "[bot]" : "");
    const std::string name = "owner-" + std::to_string(repository % 9973) + "/repository-" + std::to_string(repository);
    lines += R"({"id":")" + std::to_string(++id_) + R"(","type":")" + std::string(kind.type) + R"(","actor":{"id":)" +
             std::to_string(actor) + R"(,"login":")" + login + R"("},"repo":{"id":)" +
             std::to_string(1'000'000 + repository) + R"(,"name":")" + name + R"("},"payload":{)";
    if (!kind.action.empty()) lines += R"("action":")" + std::string(kind.action) + "\"";
    if (kind.has_number) lines += R"(,"number":)" + std::to_string(1 + random_() % 5000);
    lines += R"(},"public":true,"created_at":")" + Text(at) + "\"}\n";
  }

  const Options& options_;
  std::mt19937_64 random_;
  int64_t id_;  // different seeds' files can be imported together
};

void Write(const std::filesystem::path& path, const std::string& lines) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(1), libdeflate_free_compressor);
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), lines.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), lines.data(), lines.size(), packed.data(), packed.size()));
  std::ofstream(path, std::ios::binary) << packed;
  if (!std::filesystem::exists(path)) Die("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) Die("usage: event_generator FOLDER EVENTS DAYS END REPOSITORIES SEED");
  Options options{.folder = argv[1],
                  .events = Number<int64_t>(argv[2], "EVENTS"),
                  .hours = 24 * Number<int64_t>(argv[3], "DAYS"),
                  .end = Time(argv[4]),
                  .repositories = Number<uint32_t>(argv[5], "REPOSITORIES"),
                  .seed = Number<uint64_t>(argv[6], "SEED")};
  std::filesystem::create_directories(options.folder);
  Generator generator(options);
  for (int64_t hour = 0; hour < options.hours; ++hour) {
    const Seconds begin = options.end - std::chrono::hours{options.hours - hour};
    // Rounded so that all hours together have exactly as many as asked for.
    const int64_t events = options.events * (hour + 1) / options.hours - options.events * hour / options.hours;
    Write(options.folder / FileName(begin), generator.Hour(begin, events));
  }
  return 0;
}
