/* SPDX-License-Identifier: Apache-2.0
 *
 * The sample model of tests/testing/sample_model.h, for C. */
#ifndef OCTET_TESTS_RUNTIME_C_API_SAMPLE_H_
#define OCTET_TESTS_RUNTIME_C_API_SAMPLE_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 64-byte aligned; lives as long as the process. */
const void* sample_model_bytes(size_t* bytes);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_TESTS_RUNTIME_C_API_SAMPLE_H_ */
