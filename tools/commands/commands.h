// SPDX-License-Identifier: Apache-2.0
//
// The subcommands. Each returns the exit code: 0 done, 1 the work failed,
// 2 wrong usage; errors have gone to stderr as one line.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tools/arguments.h"

namespace octet::tools {

#ifdef OCTET_HAVE_CONVERTER
int run_convert(const Arguments& arguments);
int run_calibrate(const Arguments& arguments);
#endif
int run_run(const Arguments& arguments);
int run_bench(const Arguments& arguments);
int run_inspect(const Arguments& arguments);
int run_eval(const Arguments& arguments);
int run_verify(const Arguments& arguments);
int run_report(const Arguments& arguments);
int run_eval_layers(const Arguments& arguments);  // eval --per-layer

// --- shared by the commands ---

// A model and a session on it, closed in the right order.
struct LoadedModel {
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
};

// Loads arguments.model (or `path`) and prepares it with --threads and --cpu-features.
Status load_model(const std::string& path, const Arguments& arguments, const SessionOptions& options,
                  LoadedModel* loaded);

// Prints "octet: message" and returns the exit code: 2 for `usage`, else 1.
int report_error(const Status& status, bool usage = false);

// Output i as f32, whatever its type; reads it in its declared form.
Status read_output_f32(const Session& session, size_t i, std::vector<float>* values);

// Output i in its declared form: its bytes.
Status read_output_bytes(const Session& session, size_t i, std::vector<uint8_t>* bytes);

// Indices of the k largest values, best first; ties: the lower index first.
std::vector<size_t> top_indices(const std::vector<float>& values, size_t k);

// "[1, 3, 224, 224]"
std::string shape_text(const flatbuffers::Vector<int32_t>* shape);

// "1.23 MB", "4.5 KB", "12 B"
std::string bytes_text(uint64_t bytes);

// "s8", "f32", ...
const char* type_text(TensorType type);

// "s8" where the operator computes in integers, "s16" where 16-bit activations are among them, "f32" where it
// computes in float; boundaries are named by their result.
const char* precision_text(const schema::Model& model, const schema::Operator& op);

}  // namespace octet::tools
