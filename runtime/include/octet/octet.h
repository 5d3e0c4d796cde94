/* SPDX-License-Identifier: Apache-2.0
 *
 * Octet's C interface: load a model, make a session, run it.
 *
 *   octet_model* model = NULL;
 *   octet_session* session = NULL;
 *   if (octet_model_load_file("net.octet", &model) != OCTET_OK ||
 *       octet_session_create(model, NULL, &session) != OCTET_OK ||
 *       octet_session_set_input(session, 0, pixels, sizeof pixels) != OCTET_OK ||
 *       octet_session_run(session) != OCTET_OK ||
 *       octet_session_get_output(session, 0, scores, sizeof scores) != OCTET_OK)
 *     fprintf(stderr, "%s\n", octet_last_error());
 *   octet_session_free(session);
 *   octet_model_free(model);
 *
 * Errors. A function that can fail returns octet_status; on failure its outputs are untouched
 * and octet_last_error() says what broke which rule. Null handles are errors, never crashes.
 * Nothing is printed, and no C++ exception leaves this interface.
 *
 * Threads. A model may be used by any number of threads at once. A session belongs to one thread
 * at a time; different sessions run at the same time.
 *
 * Numbers. A quantized tensor holds q of real = scale * (q - zero_point). A quantized graph gives the
 * same bytes on every CPU, instruction set and number of threads.
 *
 * ABI. Functions are added, never changed. Structs that may grow begin with struct_bytes, which the
 * caller sets to sizeof the struct it was compiled with; the library fills or reads no more than that.
 */
#ifndef OCTET_OCTET_H_
#define OCTET_OCTET_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define OCTET_API
#else
#define OCTET_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define OCTET_MAX_RANK 8

typedef enum octet_status {
  OCTET_OK = 0,
  OCTET_INVALID_ARGUMENT = 1, /* the caller's mistake: null, wrong index, size, alignment, option */
  OCTET_INVALID_MODEL = 2,    /* the file is not a model, is damaged, or breaks a rule of the schema */
  OCTET_UNSUPPORTED = 3,      /* valid, but this build cannot run it */
  OCTET_OUT_OF_MEMORY = 4,
  OCTET_IO_ERROR = 5,         /* the operating system refused to open, read or map */
  OCTET_INTERNAL = 6          /* a bug in Octet */
} octet_status;

/* Element types, as in the file. */
typedef enum octet_type {
  OCTET_F32 = 0,
  OCTET_S8 = 1,
  OCTET_U8 = 2,
  OCTET_S16 = 3,
  OCTET_S32 = 4,
  OCTET_S64 = 5,
  OCTET_BOOL = 6 /* one byte, 0 or 1 */
} octet_type;

typedef struct octet_model octet_model;     /* immutable */
typedef struct octet_session octet_session; /* a model prepared for this CPU, with its memory */

/* The layout of an array: dense, row-major, outermost dimension first. */
typedef struct octet_form {
  octet_type type;
  int32_t rank;                 /* in [0, OCTET_MAX_RANK]; 0 is a scalar */
  int32_t dims[OCTET_MAX_RANK]; /* the first `rank` entries, each >= 0; the rest 0 */
  size_t bytes;                 /* of all elements */
  float scale;                  /* of quantized values; 0 = not quantized */
  int32_t zero_point;
} octet_form;

/* A graph input or output. */
typedef struct octet_tensor_info {
  size_t struct_bytes;  /* in: sizeof(octet_tensor_info) */
  const char* name;     /* of the ONNX graph; owned by the model, never null */
  octet_form declared;  /* as the ONNX file declared it, e.g. f32 [1, 3, 224, 224]: set_input, get_output */
  octet_form graph;     /* the graph's own, e.g. s8 [1, 224, 224, 3]: input_data, output_data, bind */
  int32_t permutation[OCTET_MAX_RANK]; /* axis i of `graph` is axis permutation[i] of `declared` */
  int32_t takes_pixels; /* inputs: 1 if octet_session_set_input_pixels works, else 0 */
} octet_tensor_info;

/* Set struct_bytes and zero the rest for the defaults. */
typedef struct octet_session_options {
  size_t struct_bytes;      /* sizeof(octet_session_options) */
  size_t threads;           /* in [1, 256]; 0 = 1: everything on the caller's thread */
  const char* cpu_features; /* the only instruction sets to use, e.g. "avx2" or "portable"; null or "" = the
                               environment variable OCTET_CPU_FEATURES, and without it all that the CPU has.
                               Names: portable avx2 avxvnni avx512vnni neon dotprod i8mm. Read during create. */
  int32_t disable_xnnpack;  /* 1: float operators run on Octet's own portable kernels */
  int32_t profile;          /* 1: time every step, see octet_session_step */
} octet_session_options;

/* One step of a session: an operator, or an island of float operators that run together. */
typedef struct octet_step_info {
  size_t struct_bytes;    /* in: sizeof(octet_step_info) */
  size_t first_operator;  /* index in the model */
  size_t operator_count;
  const char* name;       /* of the ONNX node of the first operator; owned by the model */
  const char* kernel;     /* e.g. "conv_s8_gemm_4x16_avx2"; owned by the session */
  uint64_t runs;          /* the rest only with `profile` */
  uint64_t total_ns;      /* over all runs */
  uint64_t min_ns;        /* of one run */
} octet_step_info;

/* ---- The library ------------------------------------------------------------------------- */

/* "0.1.0"; a constant. */
OCTET_API const char* octet_version(void);

/* What the last failed call on this thread broke, one line: "input 0: 12 bytes; must be 602112".
 * Empty before any failure. Valid until the next failing call on this thread; copy it to keep it. */
OCTET_API const char* octet_last_error(void);

/* "ok", "invalid argument", ...; a constant, never null. */
OCTET_API const char* octet_status_name(octet_status status);

/* ---- Models ------------------------------------------------------------------------------ */

/* Maps the file read-only, verifies and validates it. The file must not change while the model
 * or a session of it lives. On success *model belongs to the caller: octet_model_free. */
OCTET_API octet_status octet_model_load_file(const char* path, octet_model** model);

/* The same for `bytes` bytes in memory, used in place: `data` is 64-byte aligned, and stays unchanged
 * until the model and all its sessions are freed. */
OCTET_API octet_status octet_model_load_memory(const void* data, size_t bytes, octet_model** model);

/* Null is fine. Sessions of the model stay valid: it goes when the last of them does. */
OCTET_API void octet_model_free(octet_model* model);

/* 0 for a null model. */
OCTET_API size_t octet_model_input_count(const octet_model* model);
OCTET_API size_t octet_model_output_count(const octet_model* model);

/* Describes input or output i. */
OCTET_API octet_status octet_model_input_info(const octet_model* model, size_t i, octet_tensor_info* info);
OCTET_API octet_status octet_model_output_info(const octet_model* model, size_t i, octet_tensor_info* info);

/* ---- Sessions ---------------------------------------------------------------------------- */

/* Chooses kernels, packs weights and allocates all memory that running needs. options may be null.
 * On success *session belongs to the caller: octet_session_free. */
OCTET_API octet_status octet_session_create(const octet_model* model, const octet_session_options* options,
                                            octet_session** session);

/* Null is fine. */
OCTET_API void octet_session_free(octet_session* session);

/* Fills input i from `data` in its declared form (info.declared; `bytes` = info.declared.bytes):
 * permutes, and quantizes f32 with round-half-even, saturation, and NaN as zero_point. */
OCTET_API octet_status octet_session_set_input(octet_session* session, size_t i, const void* data,
                                               size_t bytes);

/* Fills input i from an image of exactly its height and width: u8 in [0, 255], interleaved [H, W, C] (for
 * a batch: [N, H, W, C]), channels in the network's order; `bytes` = N * H * W * C. Applies the mean, standard
 * deviation and quantization stored in the model. Only for inputs with takes_pixels. */
OCTET_API octet_status octet_session_set_input_pixels(octet_session* session, size_t i, const uint8_t* pixels,
                                                      size_t bytes);

/* Computes the outputs from the inputs. Allocates nothing. Inputs keep their bytes, so it can be
 * called again; outputs keep theirs until the next run. */
OCTET_API octet_status octet_session_run(octet_session* session);

/* Reads output i in its declared form (info.declared; `bytes` = info.declared.bytes) into `data`. */
OCTET_API octet_status octet_session_get_output(const octet_session* session, size_t i, void* data,
                                                size_t bytes);

/* Zero copy: the bytes of input or output i in the graph's own form (info.graph), to write before
 * and to read after run. Owned by the session or by whoever bound them; 64-byte aligned, but for an
 * output that is a constant of the model. Null for a null session or a wrong index. The address changes only
 * with bind. An output may be an input's own tensor where the graph passes one through. */
OCTET_API void* octet_session_input_data(octet_session* session, size_t i);
OCTET_API const void* octet_session_output_data(const octet_session* session, size_t i);

/* Points input or output i at the caller's memory: info.graph.bytes long, 64-byte aligned, with 64 more
 * bytes behind it that may be read (never used, never written). It must stay until it is unbound or the
 * session is freed. Null unbinds. Nothing is copied either way. */
OCTET_API octet_status octet_session_bind_input(octet_session* session, size_t i, void* data);
OCTET_API octet_status octet_session_bind_output(octet_session* session, size_t i, void* data);

/* Bytes that the session holds: activations, packed weights and tables, scratch of all threads.
 * 0 for a null session. */
OCTET_API size_t octet_session_arena_bytes(const octet_session* session);
OCTET_API size_t octet_session_packed_bytes(const octet_session* session);
OCTET_API size_t octet_session_scratch_bytes(const octet_session* session);

/* The instruction sets that the session may use, "avx2 avx512vnni" or "portable". Owned by the session;
 * "" for a null session. */
OCTET_API const char* octet_session_cpu_features(const octet_session* session);

/* The steps that run executes, in order. 0 for a null session. */
OCTET_API size_t octet_session_step_count(const octet_session* session);
OCTET_API octet_status octet_session_step(const octet_session* session, size_t i, octet_step_info* info);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_OCTET_H_ */
