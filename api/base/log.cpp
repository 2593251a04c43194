#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <iterator>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

// Lines are collected and written together: one write() for many access log lines. Warnings are flushed at once.
class BufferedStderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    buffer_.append(message.payload.data(), message.payload.size());
    buffer_.push_back('\n');
    if (buffer_.size() >= kFlushBytes) flush_();
  }
  void flush_() override {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // a full or closed log must not stop the service: the lines are lost
      rest.remove_prefix(static_cast<size_t>(written));
    }
    buffer_.clear();
  }

 private:
  static constexpr size_t kFlushBytes = 32 * 1024;
  std::string buffer_;
};

constexpr size_t kUsualLineBytes = 512;

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view Name(LogLevel level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<size_t>(level)];
}

struct Logging {
  std::shared_ptr<spdlog::logger> logger;
  std::string replica;
};

Logging& State() {
  static Logging state = [] {
    auto logger = std::make_shared<spdlog::logger>("repopulse", std::make_shared<BufferedStderrSink>());
    logger->set_level(spdlog::level::warn);
    logger->flush_on(spdlog::level::warn);
    return Logging{std::move(logger), ""};
  }();
  return state;
}

void AppendField(std::string& line, const LogField& field) {
  line += ",\"";
  line += field.key;
  line += "\":";
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          AppendJsonString(line, value);
        } else if constexpr (std::is_same_v<T, bool>) {
          line += value ? "true" : "false";
        } else if (std::is_same_v<T, double> && !std::isfinite(static_cast<double>(value))) {
          line += "null";  // JSON has no word for it
        } else {
          fmt::format_to(std::back_inserter(line), "{}", value);
        }
      },
      field.value);
}

}  // namespace

void InitLogging(LogLevel level, std::string_view replica) {
  State().replica = replica;
  State().logger->set_level(ToSpdlog(level));
  spdlog::set_default_logger(State().logger);
  spdlog::flush_every(std::chrono::seconds(1));
}

void FlushLogs() { State().logger->flush(); }

bool LogEnabled(LogLevel level) { return State().logger->should_log(ToSpdlog(level)); }

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::string second = FormatRfc3339(now);
  second.pop_back();  // the Z goes behind the milliseconds
  std::string line;
  line.reserve(kUsualLineBytes);
  fmt::format_to(std::back_inserter(line), R"({{"time":"{}.{:03}Z","level":"{}","event":"{}")", second, millis,
                 Name(level), event);
  if (!State().replica.empty()) AppendField(line, {"replica", State().replica});
  for (const LogField& field : fields) AppendField(line, field);
  line += '}';
  State().logger->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; })) {
    out += text;  // most that is logged
    out += '"';
    return;
  }
  const std::string clean = SanitizeUtf8(text);
  for (char c : clean) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace repopulse
