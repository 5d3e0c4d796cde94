// SPDX-License-Identifier: Apache-2.0
//
// A plugin of QEMU's TCG (docs/devel/tcg-plugins.rst): counts the guest instructions that each stretch of a
// program executes. A stretch begins at a marker (count_marker.h). At exit one line for each: "stretch
// <number> <instructions>". The count depends on the program alone: it is the same in every run.
//
//   qemu-aarch64 -plugin libcount_plugin.so ./count_operators model.octet
//
// The declarations are those of qemu-plugin.h, version 1, which Debian does not package.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "count_marker.h"

#define OCTET_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, enum qemu_plugin_op op, void* value,
                                              uint64_t addend);
typedef void (*syscall_callback)(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                                 uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                                 uint64_t a8);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, syscall_callback callback);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, void*),
                                    void* argument);

OCTET_EXPORT int qemu_plugin_version = 1;

enum { kMostStretches = 65536 };
static uint64_t instructions;  // of the whole program until now
static uint64_t begin;         // of the current stretch
static uint32_t current = kCountNothing;
static uint64_t counts[kMostStretches];

// Every execution of a translated block adds its length.
static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &instructions,
                                           qemu_plugin_tb_n_insns(tb));
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)vcpu, (void)number, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  if ((uint32_t)a1 != UINT32_MAX || (uint32_t)a2 != kCountMarker) return;
  counts[current] += instructions - begin;
  begin = instructions;
  current = (uint32_t)a3 < kMostStretches ? (uint32_t)a3 : kCountNothing;
}

static void report(qemu_plugin_id_t id, void* argument) {
  (void)id, (void)argument;
  for (size_t i = kCountNothing + 1; i < kMostStretches; ++i)
    if (counts[i]) fprintf(stderr, "stretch %zu %llu\n", i, (unsigned long long)counts[i]);
}

OCTET_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
  (void)info, (void)argc, (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  qemu_plugin_register_atexit_cb(id, report, NULL);
  return 0;
}
