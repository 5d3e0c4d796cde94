// SPDX-License-Identifier: Apache-2.0
//
// Writes a file so that its path holds either the old bytes or all of the new:
// aside in the same folder, flushed to the disk, renamed.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "converter/stages.h"

namespace octet::converter {

namespace {

Status io_error(const std::string& path, const char* what, int number) {
  return error(StatusCode::kIoError, "%s: cannot %s: %s", path.c_str(), what, std::strerror(number));
}

// 0, or errno.
int write_all(int file, const uint8_t* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(file, data, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    data += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

// A name in the folder of `path` that no file has: PATH.PID.N.tmp, created exclusively.
int open_aside(const std::string& path, std::string* aside) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    *aside = path + "." + std::to_string(::getpid()) + "." + std::to_string(attempt) + ".tmp";
    const int file = ::open(aside->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

// The rename itself is on the disk when the folder is. A file system that cannot flush folders is no error.
void flush_folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int file = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)::fsync(file);
  ::close(file);
}

}  // namespace

Status write_file(const std::string& path, const uint8_t* data, size_t bytes) {
  std::string aside;
  const int file = open_aside(path, &aside);
  if (file < 0) return io_error(path, "create", errno);
  int failure = write_all(file, data, bytes);
  if (failure == 0 && ::fsync(file) != 0 && errno != EINVAL) failure = errno;
  if (::close(file) != 0 && failure == 0) failure = errno;
  if (failure == 0 && ::rename(aside.c_str(), path.c_str()) != 0) failure = errno;
  if (failure != 0) {
    ::unlink(aside.c_str());
    return io_error(path, "write", failure);
  }
  flush_folder(path);
  return Status();
}

}  // namespace octet::converter
