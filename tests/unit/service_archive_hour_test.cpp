#include <gtest/gtest.h>

#include "base/time_format.h"
#include "service/archive.h"

namespace repopulse {
namespace {

TEST(ArchiveHour, IsNamedAsGhArchiveNamesIt) {
  for (const char* name : {"2015-01-01-0", "2015-01-01-9", "2016-02-29-10", "2026-11-21-23"}) {
    const auto hour = ParseArchiveHour(name);
    ASSERT_TRUE(hour) << name;
    EXPECT_EQ(ToString(*hour), name);
  }
  EXPECT_EQ(FormatRfc3339(ParseArchiveHour("2015-01-01-9")->begin), "2015-01-01T09:00:00Z");
}

TEST(ArchiveHour, IsNothingElse) {
  for (const char* other :
       {"", "2015-01-01", "2015-01-01-", "2015-01-01-24", "2015-01-01-00", "2015-01-01-07", "2015-01-01--1",
        "2015-02-29-0", "2015-01-01-0 ", "2015-01-01T0", "2015-1-1-0", "2015-01-01-1.5", "x"}) {
    EXPECT_FALSE(ParseArchiveHour(other)) << other;
  }
}

}  // namespace
}  // namespace repopulse
