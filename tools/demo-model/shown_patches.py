"""Which patches of a picture's tiles the text model is shown: the areas of src/vision/picture/shown-patches.ts, and how training
chooses them.

check-shown.ts holds `patches_of`, and what model.py makes of it, to the TypeScript code.
"""
import math

import numpy as np

import preprocess
from preprocess import PATCH

MARGIN = 1 / 32  # around an area, of the longer side: two blocks of the gate
BLOCKS_ALONG = 64  # of the gate, along the longer side
LEAST, MOST = 0.15, 0.9  # of the patches, in a random choice
# How often a shape is shown for certain. The caption names every shape, shown or not, because the overview shows them all;
# of a small one it shows the place and the colour, but hardly the kind. So small ones are shown more often: what cannot be
# known is not worth many samples.
IN_REGIONS = {"large": 0.5, "small": 0.75}
IN_RANDOM = {"large": 0.25, "small": 0.5}


def patches_of(size, area, margin=MARGIN):
    """Bool [rows, columns] of the map without its padding: the patches that touch one of the rectangles, with a margin.

    size: width and height of the picture in pixels; area: (left, top, right, bottom), each relative to the picture.
    """
    layout = preprocess.layout_of(*size)
    _, _, x, y, drawn_width, drawn_height = preprocess.placement(*size)
    margin_px = margin * max(drawn_width, drawn_height)
    shown = np.zeros((layout.bottom - layout.top, layout.right - layout.left), bool)
    for left, top, right, bottom in area:
        across = _patches_in(x + left * drawn_width, x + right * drawn_width, margin_px, layout.left, layout.right)
        down = _patches_in(y + top * drawn_height, y + bottom * drawn_height, margin_px, layout.top, layout.bottom)
        shown[down, across] = True
    return shown


def _patches_in(from_px, to_px, margin_px, kept_start, kept_end):
    first = math.floor((from_px - margin_px) / PATCH)
    end = math.ceil((to_px + margin_px) / PATCH)
    start = min(max(first, kept_start), kept_end - 1)
    return slice(start - kept_start, max(min(end, kept_end), start + 1) - kept_start)


def blocks_around(size, rectangle):
    """The rectangle, grown to whole blocks of the gate."""
    block_side = max(size) / BLOCKS_ALONG
    columns, rows = (max(1, math.floor(side / block_side + 0.5)) for side in size)
    left, top, right, bottom = rectangle
    return (
        math.floor(left * columns) / columns,
        math.floor(top * rows) / rows,
        math.ceil(right * columns) / columns,
        math.ceil(bottom * rows) / rows,
    )


def at_random(random, scene, share):
    """Exactly this share of the patches: those of some shapes, then any."""
    size = scene["width"], scene["height"]
    certain = patches_of(size, [_around(scene, shape) for shape in _some(random, scene, IN_RANDOM)], 0)
    worth = np.random.RandomState(random.getrandbits(32)).random_sample(certain.size) + certain.ravel()
    shown = np.zeros(certain.size, bool)
    shown[np.argsort(-worth)[: count_of(certain.size, share)]] = True
    return shown.reshape(certain.shape)


def count_of(patches, share):
    return math.floor(patches * share + 0.5)


def regions(random, scene):
    """What the gate would call changed: the blocks around some shapes, and around places where nothing is any more."""
    size = scene["width"], scene["height"]
    area = [_around(scene, shape) for shape in _some(random, scene, IN_REGIONS)]
    empty = random.choice((0, 0, 1, 2)) if area else random.choice((1, 2))
    short = min(size)
    for _ in range(empty):
        radius = short * (random.uniform(0.03, 0.05) if random.random() < 0.5 else random.uniform(0.09, 0.135))
        across, down = radius / size[0], radius / size[1]
        x, y = random.uniform(across, 1 - across), random.uniform(down, 1 - down)
        area.append((x - across, y - down, x + across, y + down))
    return patches_of(size, [blocks_around(size, rectangle) for rectangle in area])


def _some(random, scene, chances):
    return [shape for shape in scene["shapes"] if random.random() < chances["small" if shape.get("small") else "large"]]


def _around(scene, shape):
    """The rectangle around a shape, relative to the picture."""
    across = [x / scene["width"] for x, _ in shape["outline"]]
    down = [y / scene["height"] for _, y in shape["outline"]]
    return min(across), min(down), max(across), max(down)
