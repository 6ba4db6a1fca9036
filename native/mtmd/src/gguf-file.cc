#include "gguf-file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "ggml.h"
#include "gguf.h"
#include "log.h"
#include "napi/error.h"

namespace scenecast {

GgufFile::GgufFile(const std::string& path) : path_(path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    const int error = errno;
    throw Error(error == ENOENT || error == ENOTDIR ? "FILE_MISSING" : "FILE_UNREADABLE",
                path + ": " + std::strerror(error));
  }
  if (!S_ISREG(status.st_mode)) throw Error("FILE_UNREADABLE", path + ": not a regular file");
  sizeBytes_ = static_cast<uint64_t>(status.st_size);

  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("FILE_UNREADABLE", path + ": " + std::strerror(errno));
  char magic[4] = {};
  file.read(magic, sizeof magic);
  if (file.gcount() != sizeof magic || std::memcmp(magic, "GGUF", sizeof magic) != 0) {
    throw Error("NOT_GGUF", path + " is not a GGUF file (" + std::to_string(sizeBytes_) + " bytes)");
  }

  const ErrorCapture errors;
  context_ = gguf_init_from_file(path.c_str(), gguf_init_params{/*no_alloc=*/true, /*ctx=*/nullptr});
  if (context_ == nullptr) {
    throw Error("GGUF_CORRUPT", path + ": the header is cut short or damaged (" + errors.text("no details") + ")");
  }
  try {
    checkTensorsInside();
  } catch (...) {
    gguf_free(context_);
    throw;
  }
}

GgufFile::~GgufFile() { gguf_free(context_); }

void GgufFile::checkTensorsInside() const {
  const uint64_t dataOffset = gguf_get_data_offset(context_);
  const int64_t count = gguf_get_n_tensors(context_);
  for (int64_t i = 0; i < count; i++) {
    const uint64_t offset = dataOffset + gguf_get_tensor_offset(context_, i);
    const uint64_t size = gguf_get_tensor_size(context_, i);
    if (offset > sizeBytes_ || size > sizeBytes_ - offset) {
      throw Error("GGUF_TRUNCATED", path_ + " is truncated: tensor " + gguf_get_tensor_name(context_, i) +
                                        " ends at byte " + std::to_string(offset + size) + " of " +
                                        std::to_string(sizeBytes_));
    }
  }
}

std::optional<std::string> GgufFile::text(const std::string& key) const {
  const int64_t id = gguf_find_key(context_, key.c_str());
  if (id < 0 || gguf_get_kv_type(context_, id) != GGUF_TYPE_STRING) return std::nullopt;
  return gguf_get_val_str(context_, id);
}

std::optional<uint32_t> GgufFile::number(const std::string& key) const {
  const int64_t id = gguf_find_key(context_, key.c_str());
  if (id < 0 || gguf_get_kv_type(context_, id) != GGUF_TYPE_UINT32) return std::nullopt;
  return gguf_get_val_u32(context_, id);
}

std::optional<bool> GgufFile::flag(const std::string& key) const {
  const int64_t id = gguf_find_key(context_, key.c_str());
  if (id < 0 || gguf_get_kv_type(context_, id) != GGUF_TYPE_BOOL) return std::nullopt;
  return gguf_get_val_bool(context_, id);
}

bool GgufFile::hasTensor(const std::string& name) const { return gguf_find_tensor(context_, name.c_str()) >= 0; }

std::map<std::string, uint64_t> GgufFile::countWeights(bool (*takes)(std::string_view name)) const {
  std::map<std::string, uint64_t> weights;
  const int64_t count = gguf_get_n_tensors(context_);
  for (int64_t i = 0; i < count; i++) {
    const int64_t* size = gguf_get_tensor_ne(context_, i);
    if (size[1] == 1 || !takes(gguf_get_tensor_name(context_, i))) continue;
    weights[ggml_type_name(gguf_get_tensor_type(context_, i))] +=
        static_cast<uint64_t>(size[0]) * static_cast<uint64_t>(size[1]) * static_cast<uint64_t>(size[2] * size[3]);
  }
  return weights;
}

std::vector<int64_t> GgufFile::shape(const std::string& name) const {
  const int64_t id = gguf_find_tensor(context_, name.c_str());
  if (id < 0) return {};
  const int64_t* dimensions = gguf_get_tensor_ne(context_, id);
  return {dimensions, dimensions + GGML_MAX_DIMS};
}

std::vector<float> GgufFile::values(const std::string& name) const {
  const int64_t id = gguf_find_tensor(context_, name.c_str());
  if (id < 0) throw Error("GGUF_CORRUPT", path_ + " has no tensor " + name);
  const ggml_type type = gguf_get_tensor_type(context_, id);
  if (type != GGML_TYPE_F32 && type != GGML_TYPE_F16 && type != GGML_TYPE_BF16) {
    throw Error("GGUF_CORRUPT",
                path_ + ": tensor " + name + " has type " + ggml_type_name(type) + ", expected F32, F16 or BF16");
  }
  std::vector<char> bytes(gguf_get_tensor_size(context_, id));
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(gguf_get_data_offset(context_) + gguf_get_tensor_offset(context_, id)));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw Error("FILE_UNREADABLE", path_ + ": tensor " + name + " could not be read");

  std::vector<float> result(bytes.size() / ggml_type_size(type));
  const auto count = static_cast<int64_t>(result.size());
  if (type == GGML_TYPE_F32) {
    std::memcpy(result.data(), bytes.data(), bytes.size());
  } else if (type == GGML_TYPE_F16) {
    ggml_fp16_to_fp32_row(reinterpret_cast<const ggml_fp16_t*>(bytes.data()), result.data(), count);
  } else {
    ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t*>(bytes.data()), result.data(), count);
  }
  return result;
}

}  // namespace scenecast
