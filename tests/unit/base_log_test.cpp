#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

std::string Written(const std::function<void()>& log) {
  testing::internal::CaptureStderr();
  log();
  FlushLogs();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string text = Written([] {
    LogError("something_failed", {{"text", "a \"quoted\"\nline \xFF"},
                                  {"count", -3},
                                  {"ratio", 0.5},
                                  {"complete", false},
                                  {"size", size_t{18}}});
  });
  ASSERT_EQ(text.find('\n'), text.size() - 1) << text;
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["event"], "something_failed");
  EXPECT_EQ(line["text"], "a \"quoted\"\nline \xEF\xBF\xBD");
  EXPECT_EQ(line["count"], -3);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["complete"], false);
  EXPECT_EQ(line["size"], 18);
  const auto time = line["time"].get<std::string>();  // to the millisecond
  EXPECT_TRUE(ParseRfc3339(time)) << time;
  EXPECT_EQ(time.size(), std::string_view("2026-03-01T12:00:00.123Z").size());
}

TEST(Log, StaysJsonWhateverTheNumbers) {
  const std::string text = Written([] { LogError("odd", {{"nan", std::nan("")}, {"infinite", -INFINITY}}); });
  const auto line = nlohmann::json::parse(text);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_TRUE(line["infinite"].is_null());
}

TEST(Log, WritesOnlyWarningsAndErrorsUntilToldOtherwise) {
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_EQ(Written([] { LogInfo("not_written"); }), "");
  EXPECT_NE(Written([] { LogWarn("written"); }), "");
}

}  // namespace
}  // namespace repopulse
