#include "github/archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/encode.h"
#include "github/archive_file.h"
#include "github/download.h"
#include "github/gzip_reader.h"

namespace repopulse {
namespace {

constexpr size_t kFingerprintBytes = 1024 * 1024;
constexpr size_t kBlockBytes = 256 * 1024;

std::string Fingerprint(int64_t size, std::string_view head) {
  return ContentHash(std::to_string(size) + ":" + std::string(head.substr(0, kFingerprintBytes)));
}

tl::unexpected<Error> NotReadable(const std::string& name, int error) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return Fail(code, name + ": " + std::generic_category().message(error));
}

class OwnedFile {
 public:
  explicit OwnedFile(int fd) : fd_(fd) {}
  ~OwnedFile() { close(fd_); }
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const int fd_;
};

// From the file's beginning, whoever else reads it.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::shared_ptr<const OwnedFile> file) : file_(std::move(file)) {}

  Result<size_t> Read(std::span<char> out, const std::stop_token& stop) override {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    ssize_t size = -1;
    do {
      size = pread(file_->fd(), out.data(), out.size(), bytes_read_);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return NotReadable("reading", errno);
    bytes_read_ += size;
    return static_cast<size_t>(size);
  }
  [[nodiscard]] int64_t stored_bytes_read() const override { return bytes_read_; }

 private:
  const std::shared_ptr<const OwnedFile> file_;
  int64_t bytes_read_ = 0;
};

// A source whose first bytes were taken already, and are given again.
class ReadAgainSource final : public ByteSource {
 public:
  ReadAgainSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  Result<size_t> Read(std::span<char> out, const std::stop_token& stop) override {
    if (taken_ == head_.size()) return rest_->Read(out, stop);
    const size_t size = std::min(out.size(), head_.size() - taken_);
    std::ranges::copy(std::string_view(head_).substr(taken_, size), out.begin());
    taken_ += size;
    return size;
  }
  [[nodiscard]] int64_t stored_bytes_read() const override {
    return taken_ == head_.size() ? rest_->stored_bytes_read() : static_cast<int64_t>(taken_);
  }

 private:
  const std::string head_;
  const std::unique_ptr<ByteSource> rest_;
  size_t taken_ = 0;
};

// As much as the fingerprint is made of.
Result<std::string> ReadHead(ByteSource& source, const std::stop_token& stop) {
  std::string head(kFingerprintBytes, '\0');
  size_t used = 0;
  for (bool more = true; more && used < head.size();) {
    const auto size = source.Read(std::span(head.data() + used, head.size() - used), stop);
    if (!size) return tl::make_unexpected(size.error());
    used += *size;
    more = *size > 0;
  }
  head.resize(used);
  return head;
}

Status CheckToTheEnd(ByteSource& source, const std::stop_token& stop) {
  std::string block(kBlockBytes, '\0');
  for (;;) {
    const auto size = source.Read(block, stop);
    if (!size) return tl::make_unexpected(size.error());
    if (*size == 0) return {};
  }
}

class FilesAndServer final : public Archive {
 public:
  FilesAndServer(ArchiveOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  Result<std::unique_ptr<ArchiveFile>> Open(const ArchiveLocation& location, std::stop_token stop) override {
    const auto* path = std::get_if<std::filesystem::path>(&location);
    auto content = path != nullptr ? OpenFile(*path, stop) : OpenHour(std::get<ArchiveHour>(location), stop);
    if (!content) return tl::make_unexpected(std::move(content.error()));
    return MakeArchiveFile(*std::move(content), clock_.Now(), std::move(stop));
  }

 private:
  static Result<ArchiveContent> OpenFile(const std::filesystem::path& path, const std::stop_token& stop) {
    const std::string shown = path.string();
    // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return NotReadable(shown, errno);
    auto file = std::make_shared<const OwnedFile>(fd);
    struct stat about {};
    if (fstat(fd, &about) != 0) return NotReadable(shown, errno);
    if (!S_ISREG(about.st_mode)) return Fail(ErrorCode::kInvalidArgument, shown + ": not a file");
    auto content = ContentOf(file, path, about.st_size, stop);
    if (!content) return WithContext(shown, std::move(content.error()));
    return content;
  }

  static Result<ArchiveContent> ContentOf(const std::shared_ptr<const OwnedFile>& file,
                                          const std::filesystem::path& path, int64_t size,
                                          const std::stop_token& stop) {
    FileSource beginning(file);
    auto head = ReadHead(beginning, stop);
    if (!head) return tl::make_unexpected(std::move(head.error()));
    const bool packed = StartsLikeGzip(*head);
    if (!packed && path.extension() == ".gz") {
      return Fail(ErrorCode::kMalformed, "damaged gzip: its first bytes are not gzip's");
    }
    ArchiveContent content{path.filename().string(), Fingerprint(size, *head), size, LineReader(Bytes(file, packed))};
    if (packed) {
      content.check = [file](const std::stop_token& stopped) { return CheckToTheEnd(*Bytes(file, true), stopped); };
    }
    return content;
  }

  static std::unique_ptr<ByteSource> Bytes(const std::shared_ptr<const OwnedFile>& file, bool packed) {
    auto stored = std::make_unique<FileSource>(file);
    if (!packed) return stored;
    return GunzipStream(std::move(stored));
  }

  [[nodiscard]] Result<ArchiveContent> OpenHour(ArchiveHour hour, const std::stop_token& stop) const {
    const std::string name = ToString(hour) + ".json.gz";
    auto download = StartDownload({.url = options_.url + "/" + name,
                                   .user_agent = options_.user_agent,
                                   .connect = options_.connect,
                                   .stall = options_.stall},
                                  stop);
    if (!download) return tl::make_unexpected(std::move(download.error()));
    auto head = ReadHead(*download->body, stop);
    if (!head) return tl::make_unexpected(std::move(head.error()));
    auto fingerprint = Fingerprint(download->size_bytes.value_or(0), *head);
    const bool packed = StartsLikeGzip(*head);
    std::unique_ptr<ByteSource> bytes = std::make_unique<ReadAgainSource>(*std::move(head), std::move(download->body));
    if (packed) bytes = GunzipStream(std::move(bytes));
    return ArchiveContent{name, std::move(fingerprint), download->size_bytes, LineReader(std::move(bytes))};
  }

  const ArchiveOptions options_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Archive> MakeArchive(ArchiveOptions options, const Clock& clock) {
  return std::make_unique<FilesAndServer>(std::move(options), clock);
}

}  // namespace repopulse
