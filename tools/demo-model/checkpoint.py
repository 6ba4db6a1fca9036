"""Reads the checkpoint that export_checkpoint.py wrote."""
import os

import numpy as np
import torch

import safetensors_file
from model import Llava
from tokenizer import Tokenizer


def load(folder):
    """The model with the checkpoint's F16 values in 32-bit tensors, and its tokeniser."""
    tensors = safetensors_file.load(os.path.join(folder, "model.safetensors"))
    model = Llava().eval()
    model.load_state_dict({name: torch.from_numpy(array.astype(np.float32)) for name, array in tensors.items()})
    return model, Tokenizer.load(os.path.join(folder, "tokenizer.model"))
