/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest whole application: loads a model, fills its image input from
 * raw pixels, runs it, prints the best class.
 *
 *   classify MODEL.octet PIXELS.raw
 *
 * PIXELS.raw holds the picture as u8, interleaved [height, width, channels],
 * exactly as large as the network's input, channels in its order.
 */
#include <octet/octet.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what) {
  fprintf(stderr, "classify: %s: %s\n", what, octet_last_error());
  return 1;
}

/* Reads at most `bytes` bytes of a file; returns how many. */
static size_t read_bytes(const char* path, unsigned char* data, size_t bytes) {
  FILE* file = fopen(path, "rb");
  size_t count = 0;
  if (file != NULL) {
    count = fread(data, 1, bytes, file);
    fclose(file);
  }
  return count;
}

static size_t best_of(const float* scores, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (scores[i] > scores[best]) best = i;
  return best;
}

static int classify(octet_session* session, const octet_tensor_info* input, const octet_tensor_info* output,
                    const char* path) {
  const size_t pixel_bytes = input->declared.bytes / sizeof(float);
  const size_t classes = output->declared.bytes / sizeof(float);
  unsigned char* pixels = malloc(pixel_bytes);
  float* scores = malloc(output->declared.bytes);
  int result = 1;
  if (pixels == NULL || scores == NULL) {
    fprintf(stderr, "classify: out of memory\n");
  } else if (read_bytes(path, pixels, pixel_bytes) != pixel_bytes) {
    fprintf(stderr, "classify: %s: must hold %zu bytes of pixels\n", path, pixel_bytes);
  } else if (octet_session_set_input_pixels(session, 0, pixels, pixel_bytes) != OCTET_OK ||
             octet_session_run(session) != OCTET_OK ||
             octet_session_get_output(session, 0, scores, output->declared.bytes) != OCTET_OK) {
    fail("run");
  } else {
    const size_t best = best_of(scores, classes);
    printf("class %zu, score %g\n", best, (double)scores[best]);
    result = 0;
  }
  free(pixels);
  free(scores);
  return result;
}

int main(int argc, char** argv) {
  octet_model* model = NULL;
  octet_session* session = NULL;
  octet_tensor_info input = {.struct_bytes = sizeof input};
  octet_tensor_info output = {.struct_bytes = sizeof output};
  int result = 1;
  if (argc != 3) {
    fprintf(stderr, "usage: classify MODEL.octet PIXELS.raw\n");
    return 2;
  }
  if (octet_model_load_file(argv[1], &model) != OCTET_OK || octet_session_create(model, NULL, &session) != OCTET_OK ||
      octet_model_input_info(model, 0, &input) != OCTET_OK ||
      octet_model_output_info(model, 0, &output) != OCTET_OK) {
    result = fail(argv[1]);
  } else if (!input.takes_pixels || input.declared.type != OCTET_F32 || output.declared.type != OCTET_F32) {
    fprintf(stderr, "classify: %s: must take one image and give float scores\n", argv[1]);
  } else {
    result = classify(session, &input, &output, argv[2]);
  }
  octet_session_free(session);
  octet_model_free(model);
  return result;
}
