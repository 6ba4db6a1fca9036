"""Writes a trained state as a checkpoint in the layout of the published liuhaotian/llava-v1.6 ones.

The weights are rounded to F16 here and nowhere else, so that this checkpoint and the GGUF files made
from it (export_gguf.py) hold the same values.
"""
import argparse
import json
import os

import numpy as np
import torch

import preprocess
import safetensors_file
from model import CONTEXT, TEXT, VISION, VISION_LAYERS_RUN
from tokenizer import BOS, EOS, UNKNOWN, VOCABULARY, Tokenizer

CONFIG = {
    "architectures": ["LlavaLlamaForCausalLM"],
    "attention_bias": False,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
    "pad_token_id": UNKNOWN,
    "hidden_act": "silu",
    "hidden_size": TEXT["hidden"],
    "image_aspect_ratio": "anyres",
    "image_crop_resolution": 2 * preprocess.SIDE,
    "image_grid_pinpoints": [list(pinpoint) for pinpoint in preprocess.PINPOINTS],
    "image_split_resolution": 2 * preprocess.SIDE,
    "intermediate_size": TEXT["feed_forward"],
    "max_position_embeddings": CONTEXT,
    "mm_hidden_size": VISION["hidden"],
    "mm_patch_merge_type": "spatial_unpad",
    "mm_projector_type": "mlp2x_gelu",
    "mm_use_im_patch_token": False,
    "mm_use_im_start_end": False,
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": VISION_LAYERS_RUN - VISION["layers"] - 1,
    "mm_vision_tower": "vision_tower",
    "model_type": "llava_llama",
    "num_attention_heads": TEXT["heads"],
    "num_hidden_layers": TEXT["layers"],
    "num_key_value_heads": TEXT["heads"],
    "pretraining_tp": 1,
    "rms_norm_eps": TEXT["eps"],
    "rope_scaling": None,
    "rope_theta": TEXT["rope_theta"],
    "tie_word_embeddings": False,
    "tokenizer_model_max_length": CONTEXT,
    "tokenizer_padding_side": "right",
    "torch_dtype": "float16",
    "unfreeze_mm_vision_tower": True,
    "use_cache": True,
    "use_mm_proj": True,
    "vocab_size": VOCABULARY,
}
# The tower's own config, which published checkpoints refer to by the name of a CLIP model.
VISION_CONFIG = {
    "architectures": ["CLIPVisionModel"],
    "attention_dropout": 0.0,
    "hidden_act": "quick_gelu",
    "hidden_size": VISION["hidden"],
    "image_size": preprocess.SIDE,
    "intermediate_size": VISION["feed_forward"],
    "layer_norm_eps": VISION["eps"],
    "model_type": "clip_vision_model",
    "num_attention_heads": VISION["heads"],
    "num_channels": 3,
    "num_hidden_layers": VISION["layers"],
    "patch_size": preprocess.PATCH,
    "projection_dim": TEXT["hidden"],
    "torch_dtype": "float16",
}
PREPROCESSOR_CONFIG = {
    "crop_size": {"height": preprocess.SIDE, "width": preprocess.SIDE},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": preprocess.MEAN,
    "image_processor_type": "CLIPImageProcessor",
    "image_std": preprocess.STD,
    "resample": 3,
    "rescale_factor": 1 / 255,
    "size": {"shortest_edge": preprocess.SIDE},
}
TOKENIZER_CONFIG = {
    "add_bos_token": True,
    "add_eos_token": False,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "legacy": True,
    "model_max_length": CONTEXT,
    "pad_token": "<unk>",
    "padding_side": "right",
    "sp_model_kwargs": {},
    "tokenizer_class": "LlamaTokenizer",
    "unk_token": "<unk>",
}
GENERATION_CONFIG = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": UNKNOWN, "do_sample": False}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", help="what train.py wrote")
    parser.add_argument("tokenizer", help="tokenizer.model")
    parser.add_argument("folder", help="where to write the checkpoint")
    args = parser.parse_args()
    os.makedirs(os.path.join(args.folder, "vision_tower"), exist_ok=True)
    weights = torch.load(args.state)["model"]
    tensors = {name: tensor.numpy().astype(np.float16) for name, tensor in weights.items()}
    safetensors_file.save(os.path.join(args.folder, "model.safetensors"), tensors)
    Tokenizer.load(args.tokenizer).save(os.path.join(args.folder, "tokenizer.model"))
    for name, content in {
        "config.json": CONFIG,
        "vision_tower/config.json": VISION_CONFIG,
        "vision_tower/preprocessor_config.json": PREPROCESSOR_CONFIG,
        "tokenizer_config.json": TOKENIZER_CONFIG,
        "generation_config.json": GENERATION_CONFIG,
    }.items():
        with open(os.path.join(args.folder, name), "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
