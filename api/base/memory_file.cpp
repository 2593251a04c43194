#include "base/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace repopulse {

std::shared_ptr<const MemoryFile> MemoryFile::Of(std::string_view bytes) {
  const int fd = ::memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return nullptr;
  std::shared_ptr<MemoryFile> file(new MemoryFile(fd));
  if (!file->Fill(bytes)) return nullptr;
  return file;
}

MemoryFile::~MemoryFile() {
  if (address_ != nullptr) ::munmap(address_, size_);
  ::close(fd_);
}

bool MemoryFile::Fill(std::string_view bytes) {
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return false;
  // Populated, so that its pages count as memory of this process as any others do.
  void* address = ::mmap(nullptr, bytes.size(), PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd_, 0);
  if (address == MAP_FAILED) return false;
  address_ = address;
  size_ = bytes.size();
  return true;
}

}  // namespace repopulse
