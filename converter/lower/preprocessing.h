// SPDX-License-Identifier: Apache-2.0
//
// The preprocessing of an image input as the file stores it, pixel tables of
// s8 inputs included.
#pragma once

#include <vector>

#include "converter/graph.h"
#include "octet_converter/converter.h"

namespace octet::converter {

struct PreprocessingData {
  bool present = false;
  ImagePreprocessing image;              // mean and std expanded to one entry per channel
  std::vector<uint8_t> pixel_table;      // s8 input: [channels][256]
  std::vector<int16_t> pixel_table_s16;  // s16 input
};

// Where, in the declared shape, channels, height and width of an image input stand.
struct ImageAxes {
  bool image = false;  // rank 4, batch 1 or more, 1 or 3 channels in axis 1 or 3
  bool channels_last = false;
  int64_t channels = 0, height = 0, width = 0;
};
ImageAxes find_image_axes(const Dims& declared_shape);

// data->present stays false for inputs that are no image, or if no preprocessing was given.
Status lower_preprocessing(const Graph& graph, const GraphPort& port, const ImagePreprocessing& given,
                           PreprocessingData* data);

flatbuffers::Offset<schema::Preprocessing> create_preprocessing(const PreprocessingData& data,
                                                                flatbuffers::FlatBufferBuilder* fbb);

}  // namespace octet::converter
