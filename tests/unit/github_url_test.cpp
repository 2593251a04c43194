#include <gtest/gtest.h>

#include "github/url.h"

namespace repopulse {
namespace {

TEST(GitHubUrl, TellsTheOriginWithItsPort) {
  EXPECT_EQ(OriginOf("https://api.github.com"), "https://api.github.com:443");
  EXPECT_EQ(OriginOf("HTTPS://API.GitHub.com:443/repos?x#y"), "https://api.github.com:443");
  EXPECT_EQ(OriginOf("http://127.0.0.1:18600/api/v3"), "http://127.0.0.1:18600");
  EXPECT_EQ(OriginOf("http://[::1]/"), "http://[::1]:80");
}

TEST(GitHubUrl, TellsNoOriginOfWhatIsNotAPlainWebAddress) {
  for (const char* url :
       {"", "/repos", "api.github.com", "javascript:alert(1)", "data:text/html,x", "ftp://example.org/",
        "file:///etc/passwd", "https://user@example.org/", "https://user:secret@example.org/", "https://",
        "https://exa mple.org/", "https://example.org:99999/", "//example.org/"}) {
    EXPECT_EQ(OriginOf(url), std::nullopt) << url;
  }
  EXPECT_EQ(OriginOf(std::string_view("https://example.org\0.evil.example/", 34)), std::nullopt);
}

TEST(GitHubUrl, ResolvesReferencesAsABrowserDoes) {
  const char* base = "https://api.github.com/repos/a/b?x=1";
  EXPECT_EQ(ResolveUrl(base, "/repositories/7"), "https://api.github.com/repositories/7");
  EXPECT_EQ(ResolveUrl(base, "c?y=2"), "https://api.github.com/repos/a/c?y=2");
  EXPECT_EQ(ResolveUrl(base, "//evil.example/x"), "https://evil.example/x");
  EXPECT_EQ(ResolveUrl(base, "http://other.example/x"), "http://other.example/x");
  EXPECT_EQ(ResolveUrl(base, ""), std::nullopt);
}

TEST(GitHubUrl, KnowsThisMachine) {
  for (const char* url : {"http://localhost:1/", "http://127.0.0.1/", "http://127.1.2.3:80/x", "http://[::1]:5/"}) {
    EXPECT_TRUE(IsLoopback(url)) << url;
  }
  for (const char* url : {"https://api.github.com", "http://localhost.example/", "nonsense"}) {
    EXPECT_FALSE(IsLoopback(url)) << url;
  }
}

}  // namespace
}  // namespace repopulse
