// SPDX-License-Identifier: Apache-2.0
//
// write_file: all or nothing, and no file left aside.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {
namespace {

class WriteFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/octet_write_file_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    for (const std::string& name : files()) ::unlink((folder_ + "/" + name).c_str());
    ::rmdir(folder_.c_str());
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    DIR* folder = ::opendir(folder_.c_str());
    while (const dirent* entry = folder != nullptr ? ::readdir(folder) : nullptr)
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    if (folder != nullptr) ::closedir(folder);
    return names;
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static Status write(const std::string& path, const std::string& text) {
    return write_file(path, reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }
  std::string folder_;
};

TEST_F(WriteFileTest, WritesAndReplaces) {
  const std::string path = folder_ + "/model.octet";
  ASSERT_TRUE(write(path, "first").ok());
  EXPECT_EQ(read(path), "first");
  ASSERT_TRUE(write(path, "").ok());
  EXPECT_EQ(read(path), "");
  ASSERT_TRUE(write(path, "second").ok());
  EXPECT_EQ(read(path), "second");
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(WriteFileTest, MissingFolderNamesPathAndReason) {
  const Status status = write(folder_ + "/absent/model.octet", "x");
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("absent/model.octet"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("No such file or directory"), std::string::npos) << status.message();
  EXPECT_TRUE(files().empty());
}

TEST_F(WriteFileTest, TargetThatIsAFolderStaysAndNothingIsLeft) {
  ASSERT_EQ(::mkdir((folder_ + "/model.octet").c_str(), 0777), 0);
  EXPECT_EQ(write(folder_ + "/model.octet", "x").code(), StatusCode::kIoError);
  EXPECT_EQ(files(), std::vector<std::string>{"model.octet"});
  ::rmdir((folder_ + "/model.octet").c_str());
}

// The disk is full halfway: a limit on the size of files does the same.
TEST_F(WriteFileTest, FailureHalfwayKeepsTheOldFile) {
  const std::string path = folder_ + "/model.octet";
  ASSERT_TRUE(write(path, "old").ok());
  rlimit old_limit;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {4096, old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Status status = write(path, std::string(100000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace octet::converter
