/* SPDX-License-Identifier: Apache-2.0
 *
 * Input, run and outputs of an Octet session in one call, so that Python calls as often for Octet as for its peers:
 * once a run. The functions come as pointers; the build of Octet is chosen at run time.
 */
#include <stddef.h>

typedef int (*set_input_function)(void*, size_t, const void*, size_t);
typedef int (*run_function)(void*);
typedef int (*get_output_function)(const void*, size_t, void*, size_t);

struct one_call {
  set_input_function set_input;
  run_function run;
  get_output_function get_output;
  void* session;
  const void* input;
  size_t input_bytes;
  size_t outputs;
  void** output;
  const size_t* output_bytes;
};

int one_call(const struct one_call* c) {
  int status = c->set_input(c->session, 0, c->input, c->input_bytes);
  if (status == 0) status = c->run(c->session);
  for (size_t i = 0; i < c->outputs && status == 0; i++)
    status = c->get_output(c->session, i, c->output[i], c->output_bytes[i]);
  return status;
}
