/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a program waits for its first answer, and how much memory it then has taken.
 *
 *   first_answer MODEL.octet
 *
 * The input is all zeros. Start it a few times: a file that is not in memory yet takes longer.
 */
#define _POSIX_C_SOURCE 199309L
#include <octet/octet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* The most memory that was resident so far, where Linux says so. */
static void print_memory(void) {
  char line[128];
  FILE* status = fopen("/proc/self/status", "r");
  if (status == NULL) return;
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0) printf("peak resident %s", line + 6 + strspn(line + 6, " \t"));
  fclose(status);
}

int main(int argc, char** argv) {
  octet_model* model = NULL;
  octet_session* session = NULL;
  double start, loaded, created, answered;
  int result = 1;
  if (argc != 2) {
    fprintf(stderr, "usage: first_answer MODEL.octet\n");
    return 2;
  }
  start = milliseconds();
  if (octet_model_load_file(argv[1], &model) == OCTET_OK) {
    loaded = milliseconds();
    if (octet_session_create(model, NULL, &session) == OCTET_OK) {
      created = milliseconds();
      if (octet_session_run(session) == OCTET_OK) {
        answered = milliseconds();
        printf("load %.2f ms, session %.2f ms, first run %.2f ms, together %.2f ms\n", loaded - start,
               created - loaded, answered - created, answered - start);
        print_memory();
        result = 0;
      }
    }
  }
  if (result != 0) fprintf(stderr, "first_answer: %s: %s\n", argv[1], octet_last_error());
  octet_session_free(session);
  octet_model_free(model);
  return result;
}
