// SPDX-License-Identifier: Apache-2.0
#include "runtime/verify.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace octet {
namespace {

// splitmix64, read as bytes: the lowest byte of each output first.
class NoiseBytes {
 public:
  explicit NoiseBytes(uint64_t seed) : state_(seed) {}

  uint8_t next() {
    if (left_ == 0) {
      state_ += 0x9e3779b97f4a7c15u;
      uint64_t z = state_;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      output_ = z ^ (z >> 31);
      left_ = 8;
    }
    const auto byte = static_cast<uint8_t>(output_);
    output_ >>= 8;
    --left_;
    return byte;
  }

 private:
  uint64_t state_, output_ = 0;
  int left_ = 0;
};

template <class T, class Value>
void fill(Tensor* tensor, uint64_t seed, const Value& value) {
  NoiseBytes noise(seed);
  T* data = tensor->as<T>();
  const size_t elements = tensor->shape.elements();
  for (size_t i = 0; i < elements; ++i) data[i] = static_cast<T>(value(noise.next()));
}

void make_noise(uint64_t seed, Tensor* tensor) {
  const auto bit = [](uint8_t byte) { return byte & 1; };
  switch (tensor->type) {
    case schema::TensorType_S8:
    case schema::TensorType_U8:
      return fill<uint8_t>(tensor, seed, [](uint8_t byte) { return byte; });
    case schema::TensorType_F32:
      return fill<float>(tensor, seed, [](uint8_t byte) { return static_cast<float>(byte - 128) / 64.0f; });
    case schema::TensorType_BOOL:
      return fill<uint8_t>(tensor, seed, bit);
    case schema::TensorType_S16:
      if (tensor->scale > 0)
        return fill<int16_t>(tensor, seed, [](uint8_t byte) { return (byte - 128) * 128; });
      return fill<int16_t>(tensor, seed, bit);
    case schema::TensorType_S32:
      return fill<int32_t>(tensor, seed, bit);
    case schema::TensorType_S64:
      return fill<int64_t>(tensor, seed, bit);
  }
}

void enlarge_mosaic(const schema::GoldenInput& golden, Tensor* tensor) {
  const auto height = static_cast<size_t>(tensor->shape[1]), width = static_cast<size_t>(tensor->shape[2]);
  const auto small_height = static_cast<size_t>(golden.mosaic_height());
  const auto small_width = static_cast<size_t>(golden.mosaic_width());
  const size_t pixel = static_cast<size_t>(tensor->shape[3]) * element_bytes(tensor->type);
  uint8_t* to = tensor->as<uint8_t>();
  for (size_t y = 0; y < height; ++y)
    for (size_t x = 0; x < width; ++x, to += pixel) {
      const size_t from = y * small_height / height * small_width + x * small_width / width;
      std::memcpy(to, golden.data()->data() + from * pixel, pixel);
    }
}

size_t data_bytes(const schema::GoldenInput& golden) { return golden.data() ? golden.data()->size() : 0; }

bool is_mosaic_of(const schema::GoldenInput& golden, const Tensor& tensor) {
  if (tensor.shape.rank != 4 || tensor.shape[0] != 1 || golden.mosaic_height() < 1 ||
      golden.mosaic_width() < 1)
    return false;
  const size_t pixel = static_cast<size_t>(tensor.shape[3]) * element_bytes(tensor.type);
  const uint64_t pixels =
      static_cast<uint64_t>(golden.mosaic_height()) * static_cast<uint64_t>(golden.mosaic_width());
  return pixel == 0 || (data_bytes(golden) % pixel == 0 && data_bytes(golden) / pixel == pixels);
}

// Hashes each tensor when the step of its operator is done.
struct Hasher {
  const schema::Golden* golden;
  std::vector<size_t> order;  // entries by operator
  size_t next = 0;
  std::vector<uint64_t>* hashes;

  const schema::TensorHash& entry(size_t i) const {
    return *golden->hashes()->Get(static_cast<flatbuffers::uoffset_t>(order[i]));
  }

  static void after_step(void* argument, int operator_index, Session& session) {
    Hasher& self = *static_cast<Hasher*>(argument);
    for (; self.next < self.order.size(); ++self.next) {
      const schema::TensorHash& entry = self.entry(self.next);
      if (entry.operator_index() > static_cast<uint32_t>(operator_index)) return;
      const Tensor& tensor = session.tensor(entry.tensor());
      (*self.hashes)[self.order[self.next]] = hash_bytes(tensor.data, tensor.bytes);
    }
  }
};

Status set_golden_inputs(Session& session, const schema::Golden& golden) {
  const size_t count = golden.inputs() ? golden.inputs()->size() : 0;
  if (count != session.input_count())
    return error(StatusCode::kInvalidArgument, "golden run has %zu inputs; the model has %zu", count,
                 session.input_count());
  for (size_t i = 0; i < count; ++i)
    OCTET_RETURN_IF_ERROR(
        make_golden_input(*golden.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i)), &session.input(i)));
  return Status();
}

Status check_hashes(const Session& session, const schema::Golden& golden) {
  if (golden.hashes() == nullptr) return Status();
  const size_t tensors = session.model().tensors().size();
  const auto* operators = session.model().root().operators();
  for (const schema::TensorHash* entry : *golden.hashes()) {
    if (entry->tensor() >= tensors || entry->operator_index() >= (operators ? operators->size() : 0))
      return error(StatusCode::kInvalidArgument, "golden hash of tensor %u after operator %u: no such thing",
                   entry->tensor(), entry->operator_index());
    const Tensor& tensor = session.tensor(entry->tensor());
    if (tensor.data == nullptr && tensor.bytes > 0)
      return error(StatusCode::kInvalidArgument, "golden hash of tensor %u '%s': it is inside a float island",
                   entry->tensor(), tensor.name);
  }
  return Status();
}

}  // namespace

uint64_t hash_bytes(const void* data, size_t bytes) {
  uint64_t hash = 14695981039346656037u;
  const auto* from = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ from[i]) * 1099511628211u;
  return hash;
}

Status make_golden_input(const schema::GoldenInput& golden, Tensor* tensor) {
  switch (golden.kind()) {
    case schema::GoldenKind_Noise:
      make_noise(golden.seed(), tensor);
      return Status();
    case schema::GoldenKind_Stored:
      if (data_bytes(golden) != tensor->bytes)
        return error(StatusCode::kInvalidArgument, "golden input '%s': %zu bytes stored; must be %zu",
                     tensor->name, data_bytes(golden), tensor->bytes);
      if (tensor->bytes > 0) std::memcpy(tensor->data, golden.data()->data(), tensor->bytes);
      return Status();
    case schema::GoldenKind_Mosaic:
      if (!is_mosaic_of(golden, *tensor))
        return error(StatusCode::kInvalidArgument,
                     "golden input '%s': %zu bytes are no mosaic of %d x %d pixels of a [1, H, W, C] tensor",
                     tensor->name, data_bytes(golden), golden.mosaic_height(), golden.mosaic_width());
      if (tensor->bytes > 0) enlarge_mosaic(golden, tensor);
      return Status();
  }
  return error(StatusCode::kInvalidArgument, "golden input '%s': unknown kind %d", tensor->name,
               static_cast<int>(golden.kind()));
}

Status hash_golden(Session& session, const schema::Golden& golden, std::vector<uint64_t>* hashes) {
  OCTET_RETURN_IF_ERROR(check_hashes(session, golden));
  OCTET_RETURN_IF_ERROR(set_golden_inputs(session, golden));
  Hasher hasher{&golden, std::vector<size_t>(golden.hashes() ? golden.hashes()->size() : 0), 0, hashes};
  hashes->assign(hasher.order.size(), 0);
  std::iota(hasher.order.begin(), hasher.order.end(), size_t{0});
  std::stable_sort(hasher.order.begin(), hasher.order.end(), [&golden](size_t a, size_t b) {
    const auto at = [&golden](size_t i) {
      return golden.hashes()->Get(static_cast<flatbuffers::uoffset_t>(i))->operator_index();
    };
    return at(a) < at(b);
  });
  session.set_observer(&Hasher::after_step, &hasher);
  session.run();
  session.set_observer(nullptr, nullptr);
  return Status();
}

}  // namespace octet
