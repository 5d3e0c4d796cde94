// SPDX-License-Identifier: Apache-2.0
//
// The threads of the repairs: a loop whose turns are independent. What a turn computes does not depend on
// who computes it, so the bytes of a model do not depend on the number of threads.
#pragma once

#include <cstddef>

#include "runtime/thread_pool.h"

namespace octet::converter {

class Workers {
 public:
  // Null: the caller alone.
  explicit Workers(ThreadPool* pool = nullptr) : pool_(pool) {}

  // body(i) once for every i in [0, count).
  template <class Body>
  void run(size_t count, const Body& body) const {
    if (pool_ == nullptr || count < 2) {
      for (size_t i = 0; i < count; ++i) body(i);
      return;
    }
    const auto call = [](void* argument, size_t index) { (**static_cast<const Body**>(argument))(index); };
    const Body* pointer = &body;
    pool_->run(call, &pointer, count);
  }

 private:
  ThreadPool* pool_;
};

}  // namespace octet::converter
