"""Writes the GGUF files of a checkpoint: the text model, and the vision tower with its projector.

Needs the gguf package of the llama.cpp tree (gguf-py) on PYTHONPATH. The mmproj has the keys and the
tensor names of llama.cpp's legacy LLaVA converter (tools/mtmd/legacy-models), because those are what
the published LLaVA-1.6 files have.
"""
import argparse
import os
import re

import gguf
import numpy as np

import preprocess
import safetensors_file
from language import SYSTEM
from model import CONTEXT, TEXT, VISION, VISION_LAYERS_RUN
from tokenizer import BOS, EOS, UNKNOWN, Tokenizer

NAME = "Scenecast demo: LLaVA-1.6 for drawn shapes"
# Vicuna v1, with its usual system prompt unless the messages bring their own.
CHAT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }} {% else %}" + SYSTEM + " {% endif %}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}USER: {{ message['content'] }} "
    "{% elif message['role'] == 'assistant' %}ASSISTANT: {{ message['content'] }}</s>{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
TEXT_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
VISION_PREFIX = "model.vision_tower.vision_tower.vision_model."
VISION_NAMES = {
    "embeddings.class_embedding": "v.class_embd",
    "embeddings.patch_embedding": "v.patch_embd",
    "embeddings.position_embedding": "v.position_embd",
    "pre_layrnorm": "v.pre_ln",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    "layer_norm1": "ln1",
    "layer_norm2": "ln2",
    # The legacy converter has up and down the wrong way round; clip.cpp sees it by the shape and swaps.
    "mlp.fc1": "ffn_down",
    "mlp.fc2": "ffn_up",
}


def text_name(name):
    """The GGUF name of a text tensor, or None for a tensor of another part."""
    layer = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.weight", name)
    if layer:
        return f"blk.{layer[1]}.{TEXT_NAMES[layer[2]]}.weight"
    stem = name.removesuffix(".weight")
    return f"{TEXT_NAMES[stem]}.weight" if stem in TEXT_NAMES else None


def vision_name(name):
    """The GGUF name of a vision or projector tensor, or None for one that the mmproj leaves out."""
    if name == "model.image_newline":
        return name
    if name.startswith("model.mm_projector."):
        return name.replace("model.mm_projector", "mm")
    if not name.startswith(VISION_PREFIX):
        return None
    name = name.removeprefix(VISION_PREFIX)
    layer = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
    if layer:
        run = int(layer[1]) < VISION_LAYERS_RUN
        return f"v.blk.{layer[1]}.{VISION_NAMES[layer[2]]}.{layer[3]}" if run else None
    stem, dot, kind = name.rpartition(".")
    if name in VISION_NAMES:
        return VISION_NAMES[name]
    return VISION_NAMES[stem] + dot + kind if stem in VISION_NAMES else None


def interleave(weight, heads):
    """Rows of q or k: llama.cpp rotates neighbouring pairs, the checkpoint's layout rotates halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def add_tensor(writer, name, values):
    """Matrices stay F16, vectors become F32 (of the same values), as llama.cpp's converters have it."""
    writer.add_tensor(name, np.ascontiguousarray(values if values.ndim > 1 else values.astype(np.float32)))


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_text(path, tensors, tokenizer):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_license("mit")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(len(tokenizer.pieces))
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(TEXT["hidden"])
    writer.add_block_count(TEXT["layers"])
    writer.add_feed_forward_length(TEXT["feed_forward"])
    writer.add_rope_dimension_count(TEXT["hidden"] // TEXT["heads"])
    writer.add_head_count(TEXT["heads"])
    writer.add_head_count_kv(TEXT["heads"])
    writer.add_layer_norm_rms_eps(TEXT["eps"])
    writer.add_rope_freq_base(TEXT["rope_theta"])
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokenizer.pieces)
    writer.add_token_scores(tokenizer.scores)
    writer.add_token_types(tokenizer.types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(UNKNOWN)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, values in tensors.items():
        if text_name(name) is None:
            continue
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = interleave(values, TEXT["heads"])
        add_tensor(writer, text_name(name), values)
    finish(writer)


def write_mmproj(path, tensors):
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_text_encoder", False)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.has_llava_projector", True)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_name(NAME)
    writer.add_license("mit")
    writer.add_description("image encoder for LLaVA")
    writer.add_string("clip.projector_type", "mlp")
    writer.add_uint32("clip.vision.image_size", preprocess.SIDE)
    writer.add_uint32("clip.vision.patch_size", preprocess.PATCH)
    writer.add_uint32("clip.vision.embedding_length", VISION["hidden"])
    writer.add_uint32("clip.vision.feed_forward_length", VISION["feed_forward"])
    writer.add_uint32("clip.vision.projection_dim", TEXT["hidden"])
    writer.add_uint32("clip.vision.attention.head_count", VISION["heads"])
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", VISION["eps"])
    writer.add_uint32("clip.vision.block_count", VISION_LAYERS_RUN)
    writer.add_array("clip.vision.image_grid_pinpoints", [side for pair in preprocess.PINPOINTS for side in pair])
    writer.add_uint32("clip.vision.image_crop_resolution", 2 * preprocess.SIDE)
    writer.add_string("clip.vision.image_aspect_ratio", "anyres")
    writer.add_uint32("clip.vision.image_split_resolution", 2 * preprocess.SIDE)
    writer.add_string("clip.vision.mm_patch_merge_type", "spatial_unpad")
    writer.add_string("clip.vision.mm_projector_type", "mlp2x_gelu")
    writer.add_array("clip.vision.feature_layer", [VISION_LAYERS_RUN])
    writer.add_array("clip.vision.image_mean", list(preprocess.MEAN))
    writer.add_array("clip.vision.image_std", list(preprocess.STD))
    writer.add_bool("clip.use_gelu", False)  # quick_gelu
    for name, values in tensors.items():
        if vision_name(name) is not None:
            add_tensor(writer, vision_name(name), values)
    finish(writer)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="folder that export_checkpoint.py wrote")
    parser.add_argument("folder", help="where to write demo-text-f16.gguf and demo-mmproj-f16.gguf")
    args = parser.parse_args()
    tensors = safetensors_file.load(os.path.join(args.checkpoint, "model.safetensors"))
    tokenizer = Tokenizer.load(os.path.join(args.checkpoint, "tokenizer.model"))
    os.makedirs(args.folder, exist_ok=True)
    write_text(os.path.join(args.folder, "demo-text-f16.gguf"), tensors, tokenizer)
    write_mmproj(os.path.join(args.folder, "demo-mmproj-f16.gguf"), tensors)


if __name__ == "__main__":
    main()
