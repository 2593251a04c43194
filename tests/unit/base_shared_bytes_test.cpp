#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/shared_bytes.h"

namespace repopulse {
namespace {

TEST(SharedBytes, AreWhatTheyWereMadeOf) {
  const SharedBytes bytes(std::string("a\0b", 3));
  EXPECT_EQ(bytes, std::string_view("a\0b", 3));
  EXPECT_EQ(bytes.size(), 3U);
  EXPECT_TRUE(SharedBytes().empty());
}

TEST(SharedBytes, CopyNothingForACopyOrAPart) {
  const SharedBytes whole(std::string(100, 'x') + "part");
  const SharedBytes copy = whole;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
  EXPECT_EQ(copy.view().data(), whole.view().data());
  EXPECT_EQ(whole.Part(100), "part");
  EXPECT_EQ(whole.Part(100, 2), "pa");
  EXPECT_EQ(whole.Part(100).view().data(), whole.view().data() + 100);
}

TEST(SharedBytes, KeepTheirHolderWhileAnyPartIsThere) {
  auto holder = std::make_shared<const std::string>("held by somebody else");
  const std::weak_ptr<const std::string> watched = holder;
  SharedBytes part = SharedBytes(holder, *holder).Part(5, 2);
  holder.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(part, "by");
  part = {};
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace repopulse
