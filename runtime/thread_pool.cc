// SPDX-License-Identifier: Apache-2.0
//
// ThreadPool on the operating system's threads. Handing over work makes no system call, unless somebody
// sleeps.
//
//   slot t     belongs to thread t, thread 0 being the caller of run(). Its word holds the calls that nobody
//   has
//              taken yet, as first << 32 | end; empty where first >= end.
//   run        writes task, argument and `remaining`, then hands every slot its part of [0, count), makes the
//              calls of its own slot, takes what other slots still hold, and waits until remaining is 0.
//   a worker   waits for its own slot, makes its calls, then takes what other slots still hold.
//
// A call is taken by advancing `first` with compare-exchange. Task and argument are read only afterwards:
// run() cannot return, and nobody can write them, before the call that was taken is counted in `remaining`.
// So a worker that comes late, with a word that it read during an earlier run, does no harm.
//
// Waiting is spinning for kSpinNs (operators follow one another within that), then a condition variable. Who
// sleeps says so first and looks again; who hands over work writes it first and then looks whether somebody
// sleeps. Both are sequentially consistent, so one of the two sees the other.
#include "runtime/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace octet {
namespace {

constexpr int64_t kSpinNs = 200 * 1000;
constexpr size_t kStackBytes = 512 * 1024;  // musl's default would be 128 KB

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

// Whether `ready` came true within kSpinNs.
template <class Ready>
bool spin_until(const Ready& ready) {
  using Clock = std::chrono::steady_clock;
  const auto give_up = Clock::now() + std::chrono::nanoseconds(kSpinNs);
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (Clock::now() < give_up);
  return false;
}

// Where one thread sleeps until another makes a condition true.
class Sleeper {
 public:
  Sleeper() {
    pthread_mutex_init(&mutex_, nullptr);
    pthread_cond_init(&awake_, nullptr);
  }
  ~Sleeper() {
    pthread_cond_destroy(&awake_);
    pthread_mutex_destroy(&mutex_);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // Returns when `ready`, which reads with memory_order_seq_cst.
  template <class Ready>
  void wait(const Ready& ready) {
    if (spin_until(ready)) return;
    pthread_mutex_lock(&mutex_);
    sleeps_.store(true);
    while (!ready()) pthread_cond_wait(&awake_, &mutex_);
    sleeps_.store(false);
    pthread_mutex_unlock(&mutex_);
  }

  // After what `ready` reads was written with memory_order_seq_cst.
  void wake() {
    if (!sleeps_.load()) return;
    pthread_mutex_lock(&mutex_);
    pthread_cond_signal(&awake_);
    pthread_mutex_unlock(&mutex_);
  }

 private:
  std::atomic<bool> sleeps_{false};
  pthread_mutex_t mutex_;
  pthread_cond_t awake_;
};

constexpr bool is_empty(uint64_t word) { return word >> 32 >= (word & 0xffffffffu); }

}  // namespace

struct alignas(64) ThreadPool::Slot {
  std::atomic<uint64_t> word{0};
  Sleeper sleeper;
  State* state = nullptr;
  pthread_t thread;
};

struct ThreadPool::State {
  size_t threads = 0;
  size_t started = 0;  // workers: slots 1 to `started`
  std::unique_ptr<Slot[]> slots;
  Task task = nullptr;
  void* argument = nullptr;
  alignas(64) std::atomic<size_t> remaining{0};  // calls of this run that have not returned
  Sleeper caller;
  alignas(64) std::atomic<bool> stop{false};
  Lent lent = {};  // in their place

  // Makes the calls that a slot still holds.
  void empty_slot(Slot* slot) {
    uint64_t word = slot->word.load();
    while (!is_empty(word)) {
      if (!slot->word.compare_exchange_weak(word, word + (uint64_t{1} << 32))) continue;
      task(argument, static_cast<size_t>(word >> 32));
      if (remaining.fetch_sub(1) == 1) caller.wake();
      word = slot->word.load();
    }
  }

  // The thread's own slot first, then the others in turn.
  void empty_slots(size_t own) {
    for (size_t i = 0; i < threads; ++i) empty_slot(&slots[(own + i) % threads]);
  }

  static void* work(void* own_slot) {
    Slot& slot = *static_cast<Slot*>(own_slot);
    State& state = *slot.state;
    for (;;) {
      slot.sleeper.wait([&] { return !is_empty(slot.word.load()) || state.stop.load(); });
      if (state.stop.load()) return nullptr;
      state.empty_slots(static_cast<size_t>(&slot - state.slots.get()));
    }
  }

  // 0, or the error number of the thread that could not be started.
  int start() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    int failed = 0;
    for (size_t t = 1; t < threads && failed == 0; ++t) {
      slots[t].state = this;
      failed = pthread_create(&slots[t].thread, &attributes, work, &slots[t]);
      if (failed == 0) started = t;
    }
    pthread_attr_destroy(&attributes);
    return failed;
  }

  void end() {
    stop.store(true);
    for (size_t t = 1; t <= started; ++t) slots[t].sleeper.wake();
    for (size_t t = 1; t <= started; ++t) pthread_join(slots[t].thread, nullptr);
    started = 0;
  }
};

ThreadPool::ThreadPool() : state_(new (std::nothrow) State()) {}

ThreadPool::~ThreadPool() {
  if (!state_) return;
  state_->end();
  if (state_->lent.handle) state_->lent.free(state_->lent.handle);
}

Status ThreadPool::create(size_t threads, std::unique_ptr<ThreadPool>* pool) {
  std::unique_ptr<ThreadPool> created(new (std::nothrow) ThreadPool());
  State* const state = created ? created->state_.get() : nullptr;
  if (state) state->slots.reset(new (std::nothrow) Slot[threads]);
  if (!state || !state->slots) return error(StatusCode::kOutOfMemory, "no memory for %zu threads", threads);
  state->threads = threads;
  if (const int failed = state->start())
    return error(StatusCode::kOutOfMemory, "cannot start %zu threads: %s behind %zu", threads,
                 strerror(failed), state->started + 1);
  *pool = std::move(created);
  return Status();
}

void ThreadPool::run(Task task, void* argument, size_t count) {
  State& state = *state_;
  if (state.lent.handle) return state.lent.run(state.lent.handle, task, argument, count);
  state.task = task;
  state.argument = argument;
  state.remaining.store(count);
  const size_t each = count / state.threads, rest = count % state.threads;
  for (size_t t = std::min(count, state.threads); t-- > 0;) {  // the caller's own slot last
    const uint64_t first = t * each + std::min(t, rest);
    state.slots[t].word.store(first << 32 | (first + each + (t < rest ? 1 : 0)));
    if (t > 0) state.slots[t].sleeper.wake();
  }
  state.empty_slots(0);
  state.caller.wait([&] { return state.remaining.load() == 0; });
}

void ThreadPool::borrow(const Lent& lent) {
  state_->end();
  state_->lent = lent;
}

void* ThreadPool::lent() const { return state_->lent.handle; }

size_t ThreadPool::threads() const { return state_->threads; }

}  // namespace octet
