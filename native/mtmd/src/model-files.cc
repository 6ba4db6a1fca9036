#include "gguf-file.h"
#include "napi/error.h"

namespace scenecast {
namespace {

std::string architecture(const GgufFile& file) { return file.text("general.architecture").value_or("unknown"); }

// Output width of a LLaVA-style projector: the outputs of its last matrix. Empty for other projectors, which libmtmd
// checks itself when it loads them.
std::optional<int64_t> projectorWidth(const GgufFile& mmproj) {
  for (const char* name :
       {"mm.3.weight", "mm.2.weight", "mm.model.mlp.3.weight", "mm.model.mlp.2.weight", "mm.0.weight"}) {
    const auto shape = mmproj.shape(name);
    if (!shape.empty() && shape[1] > 1) return shape[1];
  }
  return std::nullopt;
}

bool isLlavaProjector(const GgufFile& mmproj) {
  const auto type =
      mmproj.text("clip.projector_type").value_or(mmproj.text("clip.vision.projector_type").value_or("mlp"));
  return type == "mlp" || type == "ldp" || type == "ldpv2";
}

}  // namespace

ModelFiles::ModelFiles(const std::string& textPath, const std::string& mmprojPath)
    : text(textPath), mmproj(mmprojPath) {
  const std::string textArchitecture = architecture(text);
  if (textArchitecture == "clip") {
    throw Error("NOT_A_TEXT_MODEL", textPath + " is a vision projector (mmproj), not a text model");
  }
  const std::string mmprojArchitecture = architecture(mmproj);
  if (mmprojArchitecture != "clip") {
    throw Error("NOT_AN_MMPROJ",
                mmprojPath + " is a text model (" + mmprojArchitecture + "), not a vision projector (mmproj)");
  }
  if (!mmproj.flag("clip.has_vision_encoder").value_or(false)) {
    throw Error("NO_VISION", mmprojPath + " is a projector without a vision encoder");
  }
  const auto textWidth = text.number(textArchitecture + ".embedding_length");
  const auto visionWidth = isLlavaProjector(mmproj) ? projectorWidth(mmproj) : std::nullopt;
  if (textWidth && visionWidth && static_cast<int64_t>(*textWidth) != *visionWidth) {
    throw Error("WIDTH_MISMATCH", "the two files do not belong together: " + textPath + " takes embeddings of width " +
                                      std::to_string(*textWidth) + ", " + mmprojPath + " gives " +
                                      std::to_string(*visionWidth));
  }
}

}  // namespace scenecast
