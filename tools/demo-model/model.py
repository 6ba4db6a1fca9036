"""A LLaVA-1.6 of four million parameters; its tensors bear the names of the published checkpoints."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from preprocess import GRID, PATCH
from tokenizer import VOCABULARY

VISION = {"hidden": 128, "heads": 4, "feed_forward": 384, "layers": 5, "eps": 1e-5}
# Features are taken after the last layer but one (vision_feature_layer -2), so only these run.
VISION_LAYERS_RUN = VISION["layers"] - 1
TEXT = {"hidden": 256, "heads": 4, "feed_forward": 512, "layers": 4, "eps": 1e-5, "rope_theta": 10000.0}
CONTEXT = 4096
QUICK_GELU = 1.702


class LayerNorm(nn.LayerNorm):
    """Computes in the type it is given: under autocast the stock one goes back to 32 bits."""

    def forward(self, x):
        return F.layer_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class ClipAttention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(hidden, hidden) for _ in range(4))

    def forward(self, x):
        batch, length, hidden = x.shape
        projections = (self.q_proj, self.k_proj, self.v_proj)
        qkv = F.linear(x, torch.cat([p.weight for p in projections]), torch.cat([p.bias for p in projections]))
        q, k, v = qkv.view(batch, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        scale = (hidden // self.heads) ** -0.5
        mixed = torch.matmul(torch.matmul(q * scale, k.transpose(-1, -2)).softmax(-1), v)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))


class ClipMlp(nn.Module):
    def __init__(self, hidden, feed_forward):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(hidden, feed_forward), nn.Linear(feed_forward, hidden)

    def forward(self, x):
        # quick_gelu(u) = u * sigmoid(1.702 u) = silu(1.702 u) / 1.702: moving the factor to the weights
        # gives the same numbers with one pass over the activations instead of three.
        inner = F.silu(F.linear(x, self.fc1.weight * QUICK_GELU, self.fc1.bias * QUICK_GELU))
        return F.linear(inner, self.fc2.weight / QUICK_GELU, self.fc2.bias)


class ClipLayer(nn.Module):
    def __init__(self, hidden, heads, feed_forward, eps):
        super().__init__()
        self.self_attn, self.mlp = ClipAttention(hidden, heads), ClipMlp(hidden, feed_forward)
        self.layer_norm1, self.layer_norm2 = LayerNorm(hidden, eps), LayerNorm(hidden, eps)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class ClipEmbeddings(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(hidden) * 0.02)
        self.patch_embedding = nn.Conv2d(3, hidden, PATCH, PATCH, bias=False)
        self.position_embedding = nn.Embedding(GRID * GRID + 1, hidden)

    def forward(self, patches):
        embedded = F.linear(patches, self.patch_embedding.weight.flatten(1))
        first = self.class_embedding.to(embedded.dtype).expand(len(patches), 1, -1)
        return torch.cat([first, embedded], 1) + self.position_embedding.weight.to(embedded.dtype)


class ClipVision(nn.Module):
    """CLIP's ViT. Patches [n, 64, 588] -> features of the class token and of the patches [n, 65, 128]."""

    def __init__(self, hidden, heads, feed_forward, layers, eps):
        super().__init__()
        self.embeddings = ClipEmbeddings(hidden)
        self.pre_layrnorm = LayerNorm(hidden, eps)  # the published name, misspelt as it is
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(ClipLayer(hidden, heads, feed_forward, eps) for _ in range(layers))
        self.post_layernorm = LayerNorm(hidden, eps)

    def forward(self, patches):
        x = self.pre_layrnorm(self.embeddings(patches))
        for layer in self.encoder.layers[:VISION_LAYERS_RUN]:
            x = layer(x)
        return x


class UnitRms(torch.autograd.Function):
    """x / rms(x), with a gradient that needs only the result: a third of the memory traffic."""

    @staticmethod
    def forward(ctx, x, eps):
        scale = (x.norm(2, -1, keepdim=True).float().square_().div_(x.shape[-1]).add_(eps)).rsqrt_().to(x.dtype)
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx, grad):
        y, scale = ctx.saved_tensors
        return torch.addcmul(grad, y, (grad * y).mean(-1, keepdim=True), value=-1).mul_(scale), None


class RmsNorm(nn.Module):
    """RMSNorm whose gain stays one: the matrix that follows can hold any gain there is to learn."""

    def __init__(self, hidden, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(hidden), requires_grad=False), eps

    def forward(self, x):
        return UnitRms.apply(x, self.eps)


class LlamaAttention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(hidden, hidden, bias=False) for _ in range(4)
        )

    def forward(self, x, rotation, turns_mask, shared, last):
        """`shared` tokens in front are causal; the packed turns behind them follow turns_mask.

        The last layer gives only the turns: nobody asks what follows a token of the image.
        """
        batch, length, hidden = x.shape
        heads, size = self.heads, hidden // self.heads
        weight = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        qkv = F.linear(x, weight).view(batch, length, 3 * heads, size)
        qk, v = qkv.split([2 * heads, heads], 2)
        q, k = rotate(qk, *rotation).transpose(1, 2).split(heads, 1)
        shared_q, turns_q = q.split([shared, length - shared], 2)
        v, keys, scale = v.transpose(1, 2), k.transpose(-1, -2), size**-0.5
        scores = torch.add(turns_mask, torch.matmul(turns_q, keys), alpha=scale)
        mixed = torch.matmul(scores.softmax(-1), v)
        if not last:
            mask = torch.full((shared, shared), -math.inf, dtype=q.dtype).triu(1)
            scores = torch.add(mask, torch.matmul(shared_q, keys[..., :shared]), alpha=scale)
            mixed = torch.cat([torch.matmul(scores.softmax(-1), v[:, :, :shared]), mixed], 2)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, -1, hidden))


class LlamaMlp(nn.Module):
    def __init__(self, hidden, feed_forward):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(hidden, feed_forward, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(feed_forward, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaLayer(nn.Module):
    def __init__(self, hidden, heads, feed_forward, eps):
        super().__init__()
        self.self_attn, self.mlp = LlamaAttention(hidden, heads), LlamaMlp(hidden, feed_forward)
        self.input_layernorm, self.post_attention_layernorm = RmsNorm(hidden, eps), RmsNorm(hidden, eps)

    def forward(self, x, rotation, turns_mask, shared, last):
        mixed = self.self_attn(self.input_layernorm(x), rotation, turns_mask, shared, last)
        x = (x[:, shared:] if last else x) + mixed
        return x + self.mlp(self.post_attention_layernorm(x))


class LlavaModel(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = TEXT["hidden"]
        self.vision_tower = nn.Module()
        self.vision_tower.vision_tower = nn.Module()
        self.vision_tower.vision_tower.vision_model = ClipVision(**VISION)
        self.mm_projector = nn.Sequential(
            nn.Linear(VISION["hidden"], hidden),
            nn.GELU(approximate="tanh"),  # ggml's; it differs from the erf form by less than 0.0005
            nn.Linear(hidden, hidden),
        )
        self.image_newline = nn.Parameter(torch.randn(hidden) * 0.02)
        self.embed_tokens = nn.Embedding(VOCABULARY, hidden)
        shape = (hidden, TEXT["heads"], TEXT["feed_forward"], TEXT["eps"])
        self.layers = nn.ModuleList(LlamaLayer(*shape) for _ in range(TEXT["layers"]))
        self.norm = RmsNorm(hidden, TEXT["eps"])


class Llava(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = LlavaModel()
        self.lm_head = nn.Linear(TEXT["hidden"], VOCABULARY, bias=False)
        nn.init.normal_(self.model.embed_tokens.weight, std=0.02)
        for tensor_name, tensor in self.model.layers.named_parameters():
            if tensor.dim() == 2:
                residual = tensor_name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(tensor, std=0.04 / (math.sqrt(2 * TEXT["layers"]) if residual else 1))

    @property
    def vision(self):
        return self.model.vision_tower.vision_tower.vision_model

    def encode(self, patches):
        """[batch, pictures, 64, 588] normalised patches -> vision features [batch, pictures, 64, 128]."""
        return self.encode_with_class(patches)[:, :, 1:]

    def encode_with_class(self, patches):
        """The same with the class token's feature in front: [batch, pictures, 65, 128]. It is for training only."""
        features = self.vision(patches.flatten(0, 1))
        return features.view(*patches.shape[:2], *features.shape[1:])

    def image_tokens(self, features, layout):
        """Features, the overview's first, -> [batch, layout.image_tokens, 256] in LLaVA-1.6's order."""
        projected = self.model.mm_projector(features)
        batch, hidden = projected.shape[0], projected.shape[-1]
        tiles = projected[:, 1:].view(batch, layout.rows, layout.columns, GRID, GRID, hidden)
        patch_map = tiles.transpose(2, 3).reshape(batch, layout.rows * GRID, layout.columns * GRID, hidden)
        kept = patch_map[:, layout.top : layout.bottom, layout.left : layout.right]
        newline = self.model.image_newline.to(kept.dtype).expand(batch, kept.shape[1], 1, hidden)
        return torch.cat([projected[:, 0], torch.cat([kept, newline], 2).flatten(1, 2)], 1)

    def shown_image_tokens(self, features, layout, shown):
        """The same without the patches of the map that are not shown, and per picture how many tokens it has.

        shown: bool [batch, kept rows, kept columns]. Each row keeps its newline, and positions run on, as in
        src/vision/picture/assemble.ts. All take as many tokens as the longest: padding is at the end.
        """
        tokens = self.image_tokens(features, layout)
        batch, rows, _ = shown.shape
        kept_map = torch.cat([shown, shown.new_ones(batch, rows, 1)], 2).flatten(1)
        kept = torch.cat([shown.new_ones(batch, GRID * GRID), kept_map], 1)
        lengths = kept.sum(1)
        order = torch.sort((~kept).byte(), dim=1, stable=True).indices[:, : lengths.max()]
        return tokens.gather(1, order[:, :, None].expand(-1, -1, tokens.shape[-1])), lengths

    def logits(self, embedded, positions, turns_mask, shared):
        """Embeddings [batch, length, 256] -> logits of the turns [batch, length - shared, vocabulary]."""
        rotation = rope(positions, embedded.dtype)
        x = embedded
        for layer in self.model.layers:
            x = layer(x, rotation, turns_mask, shared, last=layer is self.model.layers[-1])
        return self.lm_head(self.model.norm(x))


def rope(positions, dtype):
    """Cosines and sines [batch, length, 1, 32] of rotary position embedding in the halves form."""
    size = TEXT["hidden"] // TEXT["heads"]
    frequencies = TEXT["rope_theta"] ** (-torch.arange(0, size, 2).float() / size)
    angles = positions[:, :, None, None].float() * frequencies
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)
