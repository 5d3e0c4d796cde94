/* SPDX-License-Identifier: Apache-2.0
 *
 * The C interface, used as a C99 program uses it: linked to the shared library. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "octet/octet.h"
#include "tests/runtime/c_api_sample.h"

static int failures = 0;

#define CHECK(condition)                                                                       \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, octet_last_error()); \
      ++failures;                                                                              \
    }                                                                                          \
  } while (0)

#define CHECK_ERROR(call, expected_status, text)     \
  do {                                               \
    CHECK((call) == (expected_status));              \
    CHECK(strstr(octet_last_error(), text) != NULL); \
  } while (0)

static octet_model* load(void) {
  size_t bytes = 0;
  const void* data = sample_model_bytes(&bytes);
  octet_model* model = NULL;
  CHECK(octet_model_load_memory(data, bytes, &model) == OCTET_OK);
  return model;
}

static octet_session* create(const octet_model* model, size_t threads, const char* cpu_features) {
  octet_session_options options;
  octet_session* session = NULL;
  memset(&options, 0, sizeof options);
  options.struct_bytes = sizeof options;
  options.threads = threads;
  options.cpu_features = cpu_features;
  options.profile = 1;
  CHECK(octet_session_create(model, &options, &session) == OCTET_OK);
  return session;
}

static void test_info(void) {
  octet_model* model = load();
  octet_tensor_info info;
  memset(&info, 0, sizeof info);
  info.struct_bytes = sizeof info;
  CHECK(octet_model_input_count(model) == 1);
  CHECK(octet_model_output_count(model) == 2);
  CHECK(octet_model_input_info(model, 0, &info) == OCTET_OK);
  CHECK(info.struct_bytes == sizeof info);
  CHECK(strcmp(info.name, "input0") == 0);
  CHECK(info.declared.type == OCTET_F32 && info.declared.rank == 4 && info.declared.bytes == 768);
  CHECK(info.declared.dims[1] == 3 && info.declared.dims[2] == 8 && info.declared.dims[4] == 0);
  CHECK(info.declared.scale == 0.0f);
  CHECK(info.graph.type == OCTET_S8 && info.graph.dims[3] == 3 && info.graph.bytes == 192);
  CHECK(info.graph.scale == 0.02f && info.graph.zero_point == -10);
  CHECK(info.permutation[0] == 0 && info.permutation[1] == 2 && info.permutation[3] == 1);
  CHECK(info.takes_pixels == 1);
  CHECK(octet_model_output_info(model, 1, &info) == OCTET_OK);
  CHECK(strcmp(info.name, "output1") == 0 && info.takes_pixels == 0);
  CHECK_ERROR(octet_model_output_info(model, 2, &info), OCTET_INVALID_ARGUMENT, "output 2; there are 2");
  info.struct_bytes = 0;
  CHECK_ERROR(octet_model_input_info(model, 0, &info), OCTET_INVALID_ARGUMENT, "struct_bytes 0");
  octet_model_free(model);
}

/* A caller compiled against a shorter struct gets no more than that. */
static void test_older_struct(void) {
  octet_model* model = load();
  union {
    octet_tensor_info info;
    unsigned char bytes[sizeof(octet_tensor_info)];
  } u;
  const size_t known = offsetof(octet_tensor_info, graph);
  size_t i;
  memset(&u, 0x5a, sizeof u);
  u.info.struct_bytes = known;
  CHECK(octet_model_input_info(model, 0, &u.info) == OCTET_OK);
  CHECK(u.info.declared.bytes == 768);
  for (i = known; i < sizeof u; ++i) CHECK(u.bytes[i] == 0x5a);
  octet_model_free(model);
}

static void test_run(void) {
  octet_model* model = load();
  octet_session* session = create(model, 2, "");
  float image[192], scores[10], features[128], sum = 0;
  uint8_t pixels[192];
  octet_step_info step;
  size_t i;
  octet_model_free(model); /* the session keeps what it needs */
  for (i = 0; i < 192; ++i) {
    image[i] = (float)i * 0.01f;
    pixels[i] = (uint8_t)i;
  }
  CHECK(octet_session_set_input_pixels(session, 0, pixels, sizeof pixels) == OCTET_OK);
  CHECK(octet_session_set_input(session, 0, image, sizeof image) == OCTET_OK);
  CHECK(octet_session_run(session) == OCTET_OK);
  CHECK(octet_session_get_output(session, 0, scores, sizeof scores) == OCTET_OK);
  CHECK(octet_session_get_output(session, 1, features, sizeof features) == OCTET_OK);
  for (i = 0; i < 10; ++i) sum += scores[i];
  CHECK(fabsf(sum - 1.0f) < 1e-5f);
  CHECK(memcmp(octet_session_output_data(session, 0), scores, sizeof scores) == 0);
  CHECK(octet_session_arena_bytes(session) > 0 && octet_session_packed_bytes(session) > 0);
  CHECK(strlen(octet_session_cpu_features(session)) > 0);
  memset(&step, 0, sizeof step);
  step.struct_bytes = sizeof step;
  CHECK(octet_session_step_count(session) > 0);
  CHECK(octet_session_step(session, 0, &step) == OCTET_OK);
  CHECK(strcmp(step.name, "op0") == 0 && step.runs == 1 && step.operator_count == 1 &&
        strlen(step.kernel) > 0);
  CHECK_ERROR(octet_session_step(session, 99, &step), OCTET_INVALID_ARGUMENT, "step 99");
  octet_session_free(session);
}

static void test_bind(void) {
  octet_model* model = load();
  octet_session* session = create(model, 1, "portable");
  unsigned char memory[128 + 64 + 64];
  void* aligned = memory + (64 - (uintptr_t)memory % 64) % 64;
  CHECK(strcmp(octet_session_cpu_features(session), "portable") == 0);
  CHECK(octet_session_bind_output(session, 1, aligned) == OCTET_OK);
  CHECK(octet_session_output_data(session, 1) == aligned);
  memset(octet_session_input_data(session, 0), 3, 192);
  CHECK(octet_session_run(session) == OCTET_OK);
  CHECK(octet_session_bind_output(session, 1, NULL) == OCTET_OK);
  CHECK(octet_session_output_data(session, 1) != aligned);
  CHECK(octet_session_run(session) == OCTET_OK);
  CHECK(memcmp(octet_session_output_data(session, 1), aligned, 128) == 0);
  CHECK_ERROR(octet_session_bind_input(session, 0, (char*)aligned + 1), OCTET_INVALID_ARGUMENT,
              "64-byte aligned");
  CHECK_ERROR(octet_session_bind_input(session, 1, aligned), OCTET_INVALID_ARGUMENT, "input 1");
  octet_session_free(session);
  octet_model_free(model);
}

static void test_errors(void) {
  octet_model* model = load();
  octet_model* none = NULL;
  octet_session* session = NULL;
  octet_session_options options;
  float x = 0;
  CHECK_ERROR(octet_model_load_file("/nonexistent.octet", &none), OCTET_IO_ERROR, "No such file");
  CHECK_ERROR(octet_model_load_file(NULL, &none), OCTET_INVALID_ARGUMENT, "null");
  CHECK_ERROR(octet_model_load_memory(&x, 4, NULL), OCTET_INVALID_ARGUMENT, "null");
  CHECK(none == NULL);
  memset(&options, 0, sizeof options);
  CHECK_ERROR(octet_session_create(model, &options, &session), OCTET_INVALID_ARGUMENT, "struct_bytes");
  options.struct_bytes = sizeof options;
  options.cpu_features = "mmx";
  CHECK_ERROR(octet_session_create(model, &options, &session), OCTET_INVALID_ARGUMENT, "'mmx'");
  CHECK_ERROR(octet_session_create(NULL, NULL, &session), OCTET_INVALID_ARGUMENT, "null");
  CHECK(session == NULL);
  CHECK(octet_session_create(model, NULL, &session) == OCTET_OK);
  CHECK_ERROR(octet_session_set_input(session, 0, &x, 4), OCTET_INVALID_ARGUMENT, "4 bytes; must be 768");
  CHECK_ERROR(octet_session_get_output(session, 7, &x, 4), OCTET_INVALID_ARGUMENT, "output 7");
  CHECK_ERROR(octet_session_run(NULL), OCTET_INVALID_ARGUMENT, "null");
  CHECK(octet_session_input_data(session, 9) == NULL && octet_session_output_data(NULL, 0) == NULL);
  CHECK(octet_model_input_count(NULL) == 0 && octet_session_arena_bytes(NULL) == 0);
  CHECK(strcmp(octet_session_cpu_features(NULL), "") == 0);
  CHECK(strcmp(octet_status_name(OCTET_IO_ERROR), "I/O error") == 0);
  octet_session_free(session);
  octet_model_free(model);
  octet_session_free(NULL);
  octet_model_free(NULL);
}

int main(void) {
  CHECK(strchr(octet_version(), '.') != NULL);
  test_info();
  test_older_struct();
  test_run();
  test_bind();
  test_errors();
  if (failures == 0) printf("c_api_test: all passed\n");
  return failures == 0 ? 0 : 1;
}
