// SPDX-License-Identifier: Apache-2.0
//
// Model: bytes from a mapped file or from the caller, verified by validate.cc.
#include "runtime/model.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace octet {
namespace {

Status io_error(const char* path, const char* action) {
  return error(StatusCode::kIoError, "cannot %s '%s': %s", action, path, std::strerror(errno));
}

// Maps the open file read-only.
Status map_descriptor(int descriptor, const char* path, const uint8_t** data, size_t* bytes) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return io_error(path, "read");
  if (S_ISDIR(facts.st_mode)) {
    errno = EISDIR;
    return io_error(path, "read");
  }
  if (!S_ISREG(facts.st_mode))
    return error(StatusCode::kIoError, "cannot map '%s': not a regular file", path);
  if (facts.st_size <= 0) return error(StatusCode::kInvalidModel, "'%s' is empty; not an Octet model", path);
  if (static_cast<uint64_t>(facts.st_size) > std::numeric_limits<size_t>::max() / 2)
    return error(StatusCode::kUnsupported, "'%s' has %lld bytes; too large for this machine", path,
                 static_cast<long long>(facts.st_size));
  *bytes = static_cast<size_t>(facts.st_size);
  void* mapped = mmap(nullptr, *bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapped == MAP_FAILED) return io_error(path, "map");
  *data = static_cast<const uint8_t*>(mapped);
  return Status();
}

}  // namespace

Status Model::load_file(const char* path, std::unique_ptr<Model>* model) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io_error(path, "open");
  std::unique_ptr<Model> loaded(new Model());
  const Status mapped = map_descriptor(descriptor, path, &loaded->data_, &loaded->bytes_);
  close(descriptor);
  if (!mapped.ok()) return mapped;
  loaded->mapped_ = true;
  const Status valid = loaded->verify_and_validate();
  if (!valid.ok()) return error(valid.code(), "'%s': %s", path, valid.message().c_str());
  *model = std::move(loaded);
  return Status();
}

Status Model::load_memory(const void* data, size_t bytes, std::unique_ptr<Model>* model) {
  if (data == nullptr) return error(StatusCode::kInvalidArgument, "model data is null");
  const size_t misaligned = reinterpret_cast<uintptr_t>(data) % 64;
  if (misaligned != 0)
    return error(StatusCode::kInvalidArgument,
                 "model data is %zu bytes past a 64-byte boundary; must be 64-byte aligned", misaligned);
  std::unique_ptr<Model> loaded(new Model());
  loaded->data_ = static_cast<const uint8_t*>(data);
  loaded->bytes_ = bytes;
  OCTET_RETURN_IF_ERROR(loaded->verify_and_validate());
  *model = std::move(loaded);
  return Status();
}

Model::~Model() {
  if (mapped_) munmap(const_cast<uint8_t*>(data_), bytes_);
}

void Model::release(const void* data, size_t bytes) const {
  constexpr size_t kWorthACall = 16384;
  // Modulo 2^n: memory before the model is far behind it.
  const uintptr_t first = reinterpret_cast<uintptr_t>(data) - reinterpret_cast<uintptr_t>(data_);
  if (!mapped_ || bytes < kWorthACall || first > bytes_ || bytes > bytes_ - first) return;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t start = (first + page - 1) / page * page;
  const size_t end = (first + bytes) / page * page;
  if (start < end) madvise(const_cast<uint8_t*>(data_) + start, end - start, MADV_DONTNEED);
}

std::vector<OpView> Model::resolve_operators(std::vector<Tensor>* tensors) const {
  std::vector<OpView> views;
  if (root_->operators() == nullptr) return views;
  const auto resolve = [tensors](const flatbuffers::Vector<int32_t>* indices) {
    std::vector<Tensor*> resolved;
    if (indices == nullptr) return resolved;
    resolved.reserve(indices->size());
    for (const int32_t index : *indices) resolved.push_back(index < 0 ? nullptr : &(*tensors)[index]);
    return resolved;
  };
  views.reserve(root_->operators()->size());
  for (const schema::Operator* definition : *root_->operators())
    views.push_back({definition, resolve(definition->inputs()), resolve(definition->outputs())});
  return views;
}

}  // namespace octet
