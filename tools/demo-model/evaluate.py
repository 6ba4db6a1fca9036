"""How often the PyTorch model is right, to the last token, on held-out scenes drawn by draw-pool.ts.

Also shows that the model needs LLaVA-1.6's way of packing: `--damage` breaks one thing at a time.
"""
import argparse
import dataclasses
from collections import Counter, defaultdict

import torch

import checkpoint
import data
import preprocess
from language import BEFORE_IMAGE, MAIN_PROMPT
from model import VISION_LAYERS_RUN
from preprocess import GRID

BATCH = 8
# The order in which libmtmd v0.5.0 hands a picture to the text model: tile after tile, the overview last.
TILES_FIRST = "tiles-first"


def conversation(scene):
    """(kind, text behind the image, answer): the caption and every question of the scene's truth."""
    yield "caption", f"\n{MAIN_PROMPT} ASSISTANT:", scene["caption"]
    for entry in scene["questions"]:
        yield entry["kind"], f"\n{entry['question']} ASSISTANT:", entry["answer"]


def black_tiles(patches, layout):
    patches[:, 1:] = 0
    return patches


def black_overview(patches, layout):
    patches[:, 0] = 0
    return patches


def swapped_tiles(patches, layout):
    """The first tile and the last change places."""
    patches[:, [1, -1]] = patches[:, [-1, 1]]
    return patches


DAMAGED_PATCHES = {
    "black-tiles": black_tiles,
    "black-overview": black_overview,
    "swapped-tiles": swapped_tiles,
}


def encode_class_token_last(model, patches):
    """libmtmd v0.5.0: patches take the positions from 0, so patch 0 is dropped and the class token shown."""
    vision, flat = model.vision, patches.flatten(0, 1)
    embeddings = vision.embeddings
    x = torch.nn.functional.linear(flat, embeddings.patch_embedding.weight.flatten(1))
    x = torch.cat([x, embeddings.class_embedding.expand(len(flat), 1, -1)], 1)
    x = vision.pre_layrnorm(x + embeddings.position_embedding.weight)
    for layer in vision.encoder.layers[: VISION_LAYERS_RUN]:
        x = layer(x)
    return x[:, 1:].reshape(*patches.shape[:2], GRID * GRID, -1)


def damaged_image_tokens(model, damage):
    """image_tokens of the model with its packing damaged."""
    packed = model.image_tokens

    def image_tokens(features, layout):
        if damage == "no-unpad":
            whole = (0, layout.rows * GRID, 0, layout.columns * GRID)
            return packed(features, dataclasses.replace(layout, **dict(zip(("top", "bottom", "left", "right"), whole))))
        if damage == "overview-last":
            tokens = packed(features, layout)
            return torch.cat([tokens[:, GRID * GRID :], tokens[:, : GRID * GRID]], 1)
        if damage == TILES_FIRST:
            projected = model.model.mm_projector(features)
            return torch.cat([projected[:, 1:].flatten(1, 2), projected[:, 0]], 1)
        return packed(features, layout)

    return image_tokens


@torch.no_grad()
def judge(model, tokenizer, folder, damage):
    """Per kind: (right, asked). Under the truth's own words every token is the greedy choice or is not,
    so one pass over all turns judges exactly what generating them one by one would."""
    encode = model.encode
    if damage == "class-token-last":
        encode = lambda patches: encode_class_token_last(model, patches)
    model.image_tokens = damaged_image_tokens(model, damage)
    by_layout = defaultdict(list)
    for scene in data.read_truth(folder):
        if scene["seed"] < data.FIRST_HELD_OUT_SEED:
            raise ValueError(f"seed {scene['seed']} may have been trained on")
        by_layout[preprocess.layout_of(scene["width"], scene["height"])].append(scene)
    right, asked = Counter(), Counter()
    for layout, scenes in by_layout.items():
        for at in range(0, len(scenes), BATCH):
            batch = scenes[at : at + BATCH]
            cut = [preprocess.to_patches(preprocess.cut(data.read_image(folder, scene))) for scene in batch]
            patches = torch.stack([torch.from_numpy(patch) for patch in cut])
            patches = DAMAGED_PATCHES.get(damage, lambda same, _: same)(patches, layout)
            turns = [list(conversation(scene)) for scene in batch]
            logits, targets, owner = data.answer_logits(
                model, tokenizer, encode(data.normalise(patches)), layout, BEFORE_IMAGE[0],
                [[turn[1:] for turn in picture] for picture in turns], torch.float32,
            )  # fmt: skip
            wrong = {tuple(pair) for pair in owner[logits.argmax(-1) != targets].tolist()}
            for picture, asked_of in enumerate(turns):
                for number, (kind, question, answer) in enumerate(asked_of):
                    kinds = [kind, f"{len(batch[picture]['shapes'])} shapes"] if kind == "caption" else [kind]
                    for each in kinds:
                        asked[each] += 1
                        right[each] += (picture, number) not in wrong
    return {kind: (right[kind], asked[kind]) for kind in sorted(asked)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="folder", help="drawn with draw-pool.ts --held-out")
    parser.add_argument("--checkpoint", default="models/demo/checkpoint")
    packings = ["class-token-last", "no-unpad", "overview-last", TILES_FIRST]
    parser.add_argument("--damage", choices=[*DAMAGED_PATCHES, *packings])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for folder in args.folders:
        model, tokenizer = checkpoint.load(args.checkpoint)
        figures = judge(model, tokenizer, folder, args.damage)
        shares = "  ".join(f"{kind} {right}/{asked} = {right / asked:.3f}" for kind, (right, asked) in figures.items())
        print(f"{folder}{f' ({args.damage})' if args.damage else ''}: {shares}", flush=True)


if __name__ == "__main__":
    main()
