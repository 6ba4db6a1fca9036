"""A picture as LLaVA-1.6 sees it: the overview and the tiles of the best-fitting grid.

Follows llava/mm_utils.py (select_best_resolution, resize_and_pad_image, process_anyres_image) and
llava/model/llava_arch.py (unpad_image) of LLaVA-NeXT, for pictures of 112 instead of 336 pixels.
"""
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

SIDE = 112  # pixels of an encoded picture
PATCH = 14
GRID = SIDE // PATCH  # patches along a side
# Width, height: the shapes of LLaVA-1.6's own image_grid_pinpoints.
PINPOINTS = [(112, 224), (224, 112), (224, 224), (336, 112), (112, 336)]
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Layout:
    """A grid of tiles, and the part of its patch map that shows picture rather than padding."""

    columns: int
    rows: int
    top: int
    bottom: int
    left: int
    right: int

    @property
    def image_tokens(self):
        """The overview's patches, the kept patches and a newline after each kept row."""
        return GRID * GRID + (self.bottom - self.top) * (self.right - self.left + 1)

    @property
    def short_side(self):
        """Of the picture, in patches of the tiles."""
        return min(self.bottom - self.top, self.right - self.left)


def select_best_resolution(width, height):
    """The pinpoint that keeps most of the frame's pixels, and of those the one that wastes least."""
    best, best_effective, least_wasted = None, 0, math.inf
    for candidate_width, candidate_height in PINPOINTS:
        scale = min(candidate_width / width, candidate_height / height)
        effective = min(int(width * scale) * int(height * scale), width * height)
        wasted = candidate_width * candidate_height - effective
        if effective > best_effective or (effective == best_effective and wasted < least_wasted):
            best, best_effective, least_wasted = (candidate_width, candidate_height), effective, wasted
    return best


def placement(width, height):
    """The canvas, and where on it the frame is drawn: (canvas_w, canvas_h, x, y, drawn_w, drawn_h)."""
    canvas_width, canvas_height = select_best_resolution(width, height)
    scale_width, scale_height = canvas_width / width, canvas_height / height
    if scale_width < scale_height:
        drawn_width, drawn_height = canvas_width, min(math.ceil(height * scale_width), canvas_height)
    else:
        drawn_width, drawn_height = min(math.ceil(width * scale_height), canvas_width), canvas_height
    x, y = (canvas_width - drawn_width) // 2, (canvas_height - drawn_height) // 2
    return canvas_width, canvas_height, x, y, drawn_width, drawn_height


def layout_of(width, height):
    """Which tiles and which patches a frame of this size gives the text model."""
    canvas_width, canvas_height = select_best_resolution(width, height)
    columns, rows = canvas_width // SIDE, canvas_height // SIDE
    map_width, map_height = columns * GRID, rows * GRID
    if width / height > map_width / map_height:
        padding = (map_height - int(height * (map_width / width))) // 2
        return Layout(columns, rows, padding, map_height - padding, 0, map_width)
    padding = (map_width - int(width * (map_height / height))) // 2
    return Layout(columns, rows, 0, map_height, padding, map_width - padding)


def cut(image):
    """RGB picture -> uint8 [1 + rows * columns, 112, 112, 3], the overview first, then tiles by rows."""
    canvas_width, canvas_height, x, y, drawn_width, drawn_height = placement(*image.size)
    canvas = Image.new("RGB", (canvas_width, canvas_height), (0, 0, 0))
    canvas.paste(image.resize((drawn_width, drawn_height), Image.BICUBIC), (x, y))
    pictures = [np.asarray(image.resize((SIDE, SIDE), Image.BICUBIC))]
    pixels = np.asarray(canvas)
    for top in range(0, canvas_height, SIDE):
        for left in range(0, canvas_width, SIDE):
            pictures.append(pixels[top : top + SIDE, left : left + SIDE])
    return np.stack(pictures)


def to_patches(pictures):
    """[n, 112, 112, 3] -> [n, 64, 588]: each patch flat, channel first, as CLIP's convolution reads it."""
    grid = pictures.reshape(-1, GRID, PATCH, GRID, PATCH, 3).transpose(0, 1, 3, 5, 2, 4)
    return np.ascontiguousarray(grid).reshape(-1, GRID * GRID, 3 * PATCH * PATCH)
