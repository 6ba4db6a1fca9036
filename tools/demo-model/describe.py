"""Describes pictures with the PyTorch model: the reference that the engine is compared with.

Prints one JSON line a picture: the greedy token ids and their text. The weights are the checkpoint's
F16 values, the arithmetic is 32-bit.
"""
import argparse
import json

import numpy as np
import torch
from PIL import Image

import checkpoint
import data
import preprocess
from language import BEFORE_IMAGE, MAIN_PROMPT
from tokenizer import BOS, EOS


@torch.no_grad()
def image_embeddings(model, image):
    """RGB picture -> (embeddings [image tokens, 256] in the order the text model reads them, layout)."""
    layout = preprocess.layout_of(*image.size)
    patches = torch.from_numpy(preprocess.to_patches(preprocess.cut(image)))
    return model.image_tokens(model.encode(data.normalise(patches)[None]), layout)[0], layout


@torch.no_grad()
def generate(model, tokenizer, image, prompt, limit):
    """Greedy ids after "<before><image>\\n<prompt> ASSISTANT:", without the end token."""
    embed = model.model.embed_tokens
    before = embed(torch.tensor([BOS] + tokenizer.encode(BEFORE_IMAGE[0])))
    prefix = torch.cat([before, image])
    asked, said = tokenizer.encode(f"\n{prompt} ASSISTANT:"), []
    while len(said) < limit:
        embedded = torch.cat([prefix, embed(torch.tensor(asked + said))])[None]
        length, turn = embedded.shape[1], len(asked) + len(said)
        mask = torch.full((turn, length), -torch.inf).triu(length - turn + 1)
        logits = model.logits(embedded, torch.arange(length)[None], mask, length - turn)
        chosen = int(logits[0, -1].argmax())
        if chosen == EOS:
            break
        said.append(chosen)
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="+", metavar="image")
    parser.add_argument("--checkpoint", default="models/demo/checkpoint")
    parser.add_argument("--prompt", action="append", help=f'may be given several times (default "{MAIN_PROMPT}")')
    parser.add_argument("--limit", type=int, default=64, help="tokens at most")
    parser.add_argument("--embeddings", help="also write each picture's embeddings to <this><number>.npy")
    args = parser.parse_args()
    model, tokenizer = checkpoint.load(args.checkpoint)
    for number, path in enumerate(args.images):
        image, layout = image_embeddings(model, Image.open(path).convert("RGB"))
        if args.embeddings:
            np.save(f"{args.embeddings}{number}.npy", image.numpy())
        for prompt in args.prompt or [MAIN_PROMPT]:
            ids = generate(model, tokenizer, image, prompt, args.limit)
            result = {
                "image": path,
                "prompt": prompt,
                "grid": [layout.columns, layout.rows],
                "imageTokens": layout.image_tokens,
                "ids": ids,
                "text": tokenizer.decode(ids),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
