// A GGUF file's header, read and checked before the file is given to llama.cpp or libmtmd: both may abort the
// process on a damaged file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct gguf_context;

namespace scenecast {

class GgufFile {
 public:
  // Throws FILE_MISSING, FILE_UNREADABLE, NOT_GGUF, GGUF_CORRUPT (the header does not parse) or GGUF_TRUNCATED
  // (a tensor's data ends beyond the end of the file).
  explicit GgufFile(const std::string& path);
  ~GgufFile();
  GgufFile(const GgufFile&) = delete;
  GgufFile& operator=(const GgufFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t sizeBytes() const { return sizeBytes_; }

  // Metadata; empty if the key is absent or of another type.
  std::optional<std::string> text(const std::string& key) const;
  std::optional<uint32_t> number(const std::string& key) const;
  std::optional<bool> flag(const std::string& key) const;

  bool hasTensor(const std::string& name) const;
  // Number of weights in matrices, by the name of their type, of the tensors that `takes` selects by name.
  std::map<std::string, uint64_t> countWeights(bool (*takes)(std::string_view name)) const;
  // Dimensions in ggml's order, fastest first: a matrix is {inputs, outputs}. Empty if there is no such tensor.
  std::vector<int64_t> shape(const std::string& name) const;
  // A tensor's values. Throws GGUF_CORRUPT unless it is F32, F16 or BF16.
  std::vector<float> values(const std::string& name) const;

 private:
  void checkTensorsInside() const;

  std::string path_;
  uint64_t sizeBytes_ = 0;
  gguf_context* context_ = nullptr;
};

// The two files of a vision-language model, checked to be what they should be and to belong together.
struct ModelFiles {
  // Throws what GgufFile throws, NOT_A_TEXT_MODEL, NOT_AN_MMPROJ, NO_VISION or WIDTH_MISMATCH.
  ModelFiles(const std::string& textPath, const std::string& mmprojPath);

  GgufFile text;
  GgufFile mmproj;
};

}  // namespace scenecast
