// SPDX-License-Identifier: Apache-2.0
//
// Files as inputs: .npy, TensorProto, images, lists.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/input/array_file.h"
#include "tools/input/image.h"
#include "tools/input/sample.h"

namespace octet::tools {
namespace {

class InputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "octet_input_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::filesystem::path folder_;
};

std::string npy(const std::string& code, const std::string& shape, const std::string& data,
                const std::string& order = "False") {
  std::string header = "{'descr': '" + code + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + data;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::vector<float> floats(const Array& array) {
  std::vector<float> values(array.bytes.size() / 4);
  memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

TEST_F(InputTest, NpyRoundTrip) {
  Array array{schema::TensorType_F32, {2, 3}, {}};
  const std::vector<float> values = {1, -2, 3.5f, 0, 1e-20f, 7};
  array.bytes.assign(reinterpret_cast<const uint8_t*>(values.data()), reinterpret_cast<const uint8_t*>(values.data() + 6));
  ASSERT_TRUE(write_npy((folder_ / "a.npy").string(), array).ok());
  Array read;
  ASSERT_TRUE(read_npy((folder_ / "a.npy").string(), &read).ok());
  EXPECT_EQ(read.shape, array.shape);
  EXPECT_EQ(read.bytes, array.bytes);
  EXPECT_EQ(std::filesystem::file_size(folder_ / "a.npy") % 64, 24u);   // the header is padded to 64
}

TEST_F(InputTest, NpyTypes) {
  Array array;
  ASSERT_TRUE(read_npy(write("d.npy", npy("<f8", "(2,)", bytes_of<double>({1.5, -2}))), &array).ok());
  EXPECT_EQ(array.type, schema::TensorType_F32);
  EXPECT_EQ(floats(array), (std::vector<float>{1.5f, -2}));
  ASSERT_TRUE(read_npy(write("i.npy", npy("<i8", "(1, 2)", bytes_of<int64_t>({-5, 6}))), &array).ok());
  EXPECT_EQ(array.type, schema::TensorType_S64);
  ASSERT_TRUE(convert_array("i", schema::TensorType_F32, &array).ok());
  EXPECT_EQ(floats(array), (std::vector<float>{-5, 6}));
  EXPECT_FALSE(convert_array("i", schema::TensorType_S8, &array).ok());
}

TEST_F(InputTest, NpyRefusals) {
  Array array;
  EXPECT_FALSE(read_npy(write("t.npy", "short"), &array).ok());
  EXPECT_FALSE(read_npy(write("f.npy", npy("<f4", "(1,)", "abcd", "True")), &array).ok());
  EXPECT_FALSE(read_npy(write("c.npy", npy("<c8", "(1,)", "abcdefgh")), &array).ok());
  EXPECT_FALSE(read_npy(write("l.npy", npy("<f4", "(3,)", "abcd")), &array).ok());
  EXPECT_FALSE(read_npy(write("n.npy", npy("<f4", "(-1,)", "abcd")), &array).ok());
  EXPECT_FALSE(read_npy(write("h.npy", npy("<f4", "(1048576, 1048576, 1048576)", "abcd")), &array).ok());
  const std::string whole = npy("<f4", "(2,)", bytes_of<float>({1, 2}));
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(read_npy(write("cut.npy", whole.substr(0, length)), &array).ok()) << length;
}

TEST_F(InputTest, TensorProtoRawAndTyped) {
  Array array;
  const std::string data = bytes_of<float>({1, 2});
  const std::string raw = std::string("\x08\x02\x10\x01", 4) + '\x4a' + '\x08' + data;       // dims 2, type 1, raw_data
  ASSERT_TRUE(read_tensor_proto(write("r.pb", raw), &array).ok());
  EXPECT_EQ(floats(array), (std::vector<float>{1, 2}));
  const std::string typed = std::string("\x0a\x02\x01\x02\x10\x01", 6) + '\x22' + '\x08' + data;   // packed dims 1, 2
  ASSERT_TRUE(read_tensor_proto(write("t.pb", typed), &array).ok());
  EXPECT_EQ(array.shape, (std::vector<int64_t>{1, 2}));
  const std::string integers("\x08\x03\x10\x07\x3a\x03\x01\x02\x7f", 9);                      // int64_data 1, 2, 127
  ASSERT_TRUE(read_tensor_proto(write("i.pb", integers), &array).ok());
  EXPECT_EQ(array.bytes.size(), 24u);
  for (size_t length = 1; length < raw.size(); ++length)
    EXPECT_FALSE(read_tensor_proto(write("cut.pb", raw.substr(0, length)), &array).ok()) << length;
}

Image ramp(int width, int height, int channels) {
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i) image.pixels.push_back(static_cast<uint8_t>(i));
  return image;
}

TEST(ImageTest, CropTakesTheCentreAndSwapsChannels) {
  ImageRecipe recipe;
  recipe.crop_width = recipe.crop_height = 2;
  std::vector<uint8_t> pixels;
  ASSERT_TRUE(apply_recipe("x", ramp(4, 4, 1), recipe, 2, 2, &pixels).ok());
  EXPECT_EQ(pixels, (std::vector<uint8_t>{5, 6, 9, 10}));
  recipe.bgr = true;
  recipe.crop_width = recipe.crop_height = 1;
  ASSERT_TRUE(apply_recipe("x", ramp(1, 1, 3), recipe, 1, 1, &pixels).ok());
  EXPECT_EQ(pixels, (std::vector<uint8_t>{2, 1, 0}));
}

TEST(ImageTest, ShorterSideKeepsTheAspect) {
  ImageRecipe recipe;
  recipe.shorter_side = 8;
  std::vector<uint8_t> pixels;
  EXPECT_TRUE(apply_recipe("x", ramp(32, 16, 3), recipe, 16, 8, &pixels).ok());
  EXPECT_EQ(pixels.size(), 16u * 8 * 3);
  const Status wrong = apply_recipe("x.png", ramp(32, 16, 3), recipe, 8, 8, &pixels);
  EXPECT_NE(wrong.message().find("x.png"), std::string::npos);
  recipe.crop_width = recipe.crop_height = 9;
  EXPECT_FALSE(apply_recipe("x.png", ramp(32, 16, 3), recipe, 9, 9, &pixels).ok());
}

TEST(ImageTest, NormalizeWritesBothLayouts) {
  ImageRecipe recipe;
  recipe.mean = {1, 2, 3};
  recipe.std = {2, 2, 4};
  const std::vector<uint8_t> pixels = {3, 4, 7, 5, 6, 11};
  float planes[6], interleaved[6];
  normalize_pixels(pixels, 2, 1, 3, recipe, false, planes);
  normalize_pixels(pixels, 2, 1, 3, recipe, true, interleaved);
  EXPECT_EQ(std::vector<float>(planes, planes + 6), (std::vector<float>{1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(std::vector<float>(interleaved, interleaved + 6), (std::vector<float>{1, 1, 1, 2, 2, 2}));
}

TEST_F(InputTest, ListsAndFolders) {
  write("b.npy", "");
  write("a.bin", "");
  write("notes.txt", "");
  std::vector<std::string> paths;
  ASSERT_TRUE(list_samples(folder_.string(), &paths).ok());
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_NE(paths[0].find("a.bin"), std::string::npos);
  const std::string list = write("list.txt", "# two files\na.bin\n\nsub/c.png  # one more\n");
  ASSERT_TRUE(list_samples(list, &paths).ok());
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[1], (folder_ / "sub/c.png").string());
  EXPECT_FALSE(list_samples(write("empty.txt", "# nothing\n"), &paths).ok());
  EXPECT_FALSE(list_samples((folder_ / "absent").string(), &paths).ok());
}

TEST_F(InputTest, ShapesMustMatchUpToOnes) {
  const InputSpec spec{"x", schema::TensorType_F32, {1, 1, 2, 3}, {}};
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  InputData input;
  EXPECT_TRUE(read_input(write("a.npy", npy("<f4", "(2, 3)", data)), spec, &input).ok());
  EXPECT_EQ(input.bytes.size(), 24u);
  EXPECT_FALSE(read_input(write("b.npy", npy("<f4", "(3, 2)", data)), spec, &input).ok());
  EXPECT_TRUE(read_input(write("c.bin", data), spec, &input).ok());
  EXPECT_FALSE(read_input(write("d.bin", data + "x"), spec, &input).ok());
  EXPECT_FALSE(read_input(write("e.txt", data), spec, &input).ok());
}

TEST_F(InputTest, SampleFolderFeedsSeveralInputs) {
  const std::vector<InputSpec> specs = {{"left", schema::TensorType_F32, {2}, {}}, {"right", schema::TensorType_F32, {1}, {}}};
  write("left.bin", std::string(8, 'l'));
  write("input_1.bin", std::string(4, 'r'));
  std::vector<InputData> data;
  ASSERT_TRUE(read_sample(folder_.string(), specs, &data).ok());
  EXPECT_EQ(data[1].bytes[0], 'r');
  EXPECT_FALSE(read_sample((folder_ / "left.bin").string(), specs, &data).ok());
}

}  // namespace
}  // namespace octet::tools
