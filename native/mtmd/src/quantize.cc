#include "quantize.h"

#include <cstdio>

#include "gguf-file.h"
#include "log.h"
#include "napi/error.h"

namespace scenecast {
namespace {

struct NamedType {
  const char* name;
  llama_ftype type;
};

// The types of llama-quantize that need no importance matrix and have ggml ARM kernels, and related ones.
constexpr NamedType kTypes[] = {
    {"F32", LLAMA_FTYPE_ALL_F32},          {"F16", LLAMA_FTYPE_MOSTLY_F16},       {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},     {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M}, {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL}, {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS},
    {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L}, {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S},
    {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
};

llama_ftype typeNamed(const std::string& name) {
  std::string known;
  for (const NamedType& candidate : kTypes) {
    if (name == candidate.name) return candidate.type;
    known += known.empty() ? candidate.name : std::string(", ") + candidate.name;
  }
  throw Error("INVALID_ARGUMENT", "\"" + name + "\" is not a quantisation type: it must be one of " + known);
}

void check(const QuantizeOptions& options) {
  for (const std::string& path : {options.inputPath, options.outputPath}) {
    // llama.cpp misreads some relative paths, and a child process may run elsewhere.
    if (path.empty() || path[0] != '/') throw Error("INVALID_ARGUMENT", "\"" + path + "\" is not an absolute path");
  }
  if (options.inputPath == options.outputPath) {
    throw Error("INVALID_ARGUMENT", options.inputPath + " cannot be quantised onto itself");
  }
}

}  // namespace

void quantize(const QuantizeOptions& options, const ProgressCallback& onProgress) {
  check(options);
  const llama_ftype type = typeNamed(options.type);
  { const GgufFile input(options.inputPath); }  // llama.cpp may abort on a damaged file

  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.nthread = options.threads;
  params.ftype = type;
  const ErrorCapture errors;
  // The quantiser has no callback; before each tensor it logs "[  12/ 291] name ...".
  const LogWatch watch([&](const std::string& line) {
    int tensor = 0;
    int total = 0;
    if (std::sscanf(line.c_str(), "[%d/%d]", &tensor, &total) == 2 && total > 0) {
      onProgress(static_cast<double>(tensor - 1) / total);
    }
  });
  if (llama_model_quantize(options.inputPath.c_str(), options.outputPath.c_str(), &params) != 0) {
    throw Error("QUANTIZE_FAILED", options.inputPath + ": " + errors.text("llama.cpp gives no reason"));
  }
}

}  // namespace scenecast
