// SPDX-License-Identifier: Apache-2.0
//
// Runs the octet command in a test and catches what it prints. Paths come from
// CMake: OCTET_COMMAND (the executable), OCTET_SOURCE_DIR.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace octet::testing {

struct CommandResult {
  int exit_code = -1;            // -1: died by a signal
  std::string out, err;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "octet_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Runs `octet ARGUMENTS...`; arguments are quoted for the shell.
inline CommandResult octet_command(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  std::string line = "'" OCTET_COMMAND "'";
  for (const std::string& argument : arguments) line += " '" + argument + "'";
  line += " >'" + folder / "out" + "' 2>'" + folder / "err" + "' </dev/null";
  const int status = std::system(line.c_str());
  CommandResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (result.exit_code > 128) result.exit_code = -1;
  result.out = read_text(folder / "out");
  result.err = read_text(folder / "err");
  return result;
}

inline std::string source_path(const std::string& relative) { return std::string(OCTET_SOURCE_DIR) + "/" + relative; }

}  // namespace octet::testing
