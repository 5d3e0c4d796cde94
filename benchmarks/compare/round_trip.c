/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a word takes from one core to another and back: what two threads pay each time they meet. A
 * virtual machine's cores may share a cache at one time and none a minute later.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

enum { kTrips = 5000, kRounds = 10 };

static _Alignas(64) atomic_int ball;

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void* answer(void* core) {
  pin(*(int*)core);
  for (int i = 0; i < kTrips * kRounds; i++) {
    while (atomic_load_explicit(&ball, memory_order_acquire) != 1) {
    }
    atomic_store_explicit(&ball, 0, memory_order_release);
  }
  return NULL;
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The best average of some rounds, in nanoseconds. */
double round_trip_ns(int here, int there) {
  pthread_t thread;
  cpu_set_t before;
  double best = 1e12;
  pthread_getaffinity_np(pthread_self(), sizeof before, &before);
  pin(here);
  if (pthread_create(&thread, NULL, answer, &there) != 0) return 0;
  for (int round = 0; round < kRounds; round++) {
    const double start = now_ns();
    for (int i = 0; i < kTrips; i++) {
      atomic_store_explicit(&ball, 1, memory_order_release);
      while (atomic_load_explicit(&ball, memory_order_acquire) != 0) {
      }
    }
    const double each = (now_ns() - start) / kTrips;
    if (each < best) best = each;
  }
  pthread_join(thread, NULL);
  pthread_setaffinity_np(pthread_self(), sizeof before, &before);
  return best;
}
