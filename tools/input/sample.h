// SPDX-License-Identifier: Apache-2.0
//
// Files -> a network's inputs. A file is an image (JPEG, PNG), .npy, ONNX
// TensorProto .pb, or raw .bin; an image goes through the recipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tools/input/image.h"

namespace octet::tools {

// What a network takes as one input, as its ONNX file declared it.
struct InputSpec {
  std::string name;
  TensorType type = schema::TensorType_F32;
  std::vector<int64_t> shape;
  ImageRecipe recipe;

  // The place of height, width and channels, if an image can enter: rank 4, batch 1, f32 or u8,
  // 1 or 3 channels in axis 1 or in axis 3.
  bool takes_image() const;
  bool channels_last() const;
  int channels() const;
  int height() const;
  int width() const;
  size_t bytes() const;
};

InputSpec input_spec(const schema::Input& input);

// One input as it was read: either the declared bytes or, for an image, its pixels.
struct InputData {
  std::vector<uint8_t> bytes;    // declared type and shape
  std::vector<uint8_t> pixels;   // [H, W, C] in the network's channel order; empty if no image
};

// Reads `path` for `spec`. An image fills pixels only; anything else fills bytes.
Status read_input(const std::string& path, const InputSpec& spec, InputData* data);

// Declared bytes from either form: pixels are normalized.
void declared_bytes(const InputSpec& spec, const InputData& data, std::vector<uint8_t>* bytes);

// Puts `data` into input i of the session.
Status set_session_input(Session* session, size_t i, const InputData& data);

// The samples of a calibration or data source: a folder, or a text file that lists files
// one a line, relative to the list. An entry that is itself a folder is one sample of several
// inputs: NAME.npy (or .pb, .bin, .png, .jpg) or input_K.* inside it. Sorted by name in a folder; '#' starts a
// comment in a list. Fails on an empty source.
Status list_samples(const std::string& source, std::vector<std::string>* paths);

// Reads one sample (file or folder) for all inputs.
Status read_sample(const std::string& path, const std::vector<InputSpec>& specs, std::vector<InputData>* data);

}  // namespace octet::tools
