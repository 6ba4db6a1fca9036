#include "transformer-shape.h"

namespace scenecast {
namespace {

bool startsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

TransformerShape shapeOf(const GgufFile& file, const std::string& prefix, bool (*isBlock)(std::string_view name)) {
  const auto number = [&](const char* key) { return static_cast<int>(file.number(prefix + key).value_or(0)); };
  TransformerShape shape;
  shape.blocks = number(".block_count");
  shape.attentionWidth = number(".attention.head_count") * number(".attention.key_length");
  if (shape.attentionWidth == 0) shape.attentionWidth = number(".embedding_length");
  const auto weights = file.countWeights(isBlock);
  uint64_t most = 0;
  for (const auto& [type, count] : weights) {
    shape.weights += count;
    if (count <= most) continue;
    most = count;
    shape.weightType = type;
  }
  return shape;
}

}  // namespace

TransformerShape textShape(const GgufFile& text) {
  return shapeOf(text, text.text("general.architecture").value_or(""),
                 [](std::string_view name) { return startsWith(name, "blk."); });
}

TransformerShape towerShape(const GgufFile& mmproj) {
  return shapeOf(mmproj, "clip.vision", [](std::string_view name) { return startsWith(name, "v.blk."); });
}

uint64_t projectorWeights(const GgufFile& mmproj) {
  uint64_t total = 0;
  for (const auto& [type, count] : mmproj.countWeights([](std::string_view name) {
         return (startsWith(name, "mm.") && !startsWith(name, "mm.a.")) || startsWith(name, "resampler.") ||
                startsWith(name, "v.deepstack.");
       })) {
    total += count;
  }
  return total;
}

}  // namespace scenecast
