"""For check-shown.ts: which patches of pictures are shown, and the order in which the text model is shown them.

Reads one JSON list from the standard input, [{size, area, margin}, ...], and prints one: per picture, 1 for each shown patch of
the map, row by row, and the index of each token among all patches of all squares, -1 for a newline. The lengths of a
batch differ, as in training.
"""
import json
import sys
from collections import defaultdict

import numpy as np
import torch

import preprocess
import shown_patches
from model import TEXT, Llava
from preprocess import GRID


@torch.no_grad()
def main():
    cases = json.load(sys.stdin)
    model = Llava()
    model.model.mm_projector = torch.nn.Identity()
    model.model.image_newline.fill_(-1)
    by_layout = defaultdict(list)
    for case in cases:
        by_layout[preprocess.layout_of(*case["size"])].append(case)
    for layout, batch in by_layout.items():
        shown = [shown_patches.patches_of(case["size"], case["area"], case["margin"]) for case in batch]
        squares = 1 + layout.rows * layout.columns
        indices = torch.arange(squares * GRID * GRID).view(1, squares, GRID * GRID, 1).float()
        features = indices.expand(len(batch), -1, -1, TEXT["hidden"])
        tokens, lengths = model.shown_image_tokens(features, layout, torch.from_numpy(np.stack(shown)))
        for case, marks, row, length in zip(batch, shown, tokens, lengths):
            case.update(shown=marks.ravel().astype(int).tolist(), order=row[:length, 0].int().tolist())
    print(json.dumps([{"shown": case["shown"], "order": case["order"]} for case in cases]))


if __name__ == "__main__":
    main()
