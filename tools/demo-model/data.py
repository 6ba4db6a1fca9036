"""The pool of drawn scenes, cut into pictures and labelled once, and batches taken from it."""
import json
import multiprocessing
import os
from collections import defaultdict

import numpy as np
import torch
from PIL import Image, ImageDraw

import language
import preprocess
from preprocess import GRID, PATCH, SIDE
from tokenizer import BOS, EOS

FIRST_HELD_OUT_SEED = 900_000
PATCH_VALUES = 3 * PATCH * PATCH
# A patch shows nothing (0) or one of the 15 coloured shapes; in the overview it also lies in a cell.
OBJECT_CLASSES = 1 + len(language.COLOURS) * len(language.KINDS)
CELL_CLASSES = 1 + 9
COVERED = 0.2  # share of a patch that a shape must cover to name it
HELD = 0.25  # a small shape also names a patch that holds this share of it: it may cover no patch enough
# Added to the class of a small shape in the overview, where it is too small to be told: labels of patches pass over it.
FAINT = 128
IGNORED = -100


def read_truth(folder):
    """The lines of truth.jsonl by seed: the drawing threads write them in any order."""
    with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as file:
        return sorted((json.loads(line) for line in file), key=lambda scene: scene["seed"])


def read_image(folder, scene):
    return Image.open(os.path.join(folder, scene["file"])).convert("RGB")


class Pool:
    """All pictures of a folder of scenes as bytes; `layouts` groups the scenes by layout."""

    def __init__(self, folder):
        self.scenes = read_truth(folder)
        for scene in self.scenes:
            if scene["seed"] >= FIRST_HELD_OUT_SEED:
                raise ValueError(f"seed {scene['seed']} is held out from training")
            if language.caption(scene["shapes"]) != scene["caption"]:
                raise ValueError(f"language.py and scene-truth.ts disagree about seed {scene['seed']}")
        self.layouts = defaultdict(list)
        first = [0]
        for index, scene in enumerate(self.scenes):
            layout = preprocess.layout_of(scene["width"], scene["height"])
            self.layouts[layout].append(index)
            first.append(first[-1] + 1 + layout.rows * layout.columns)
        self.first = np.array(first)
        cache = os.path.join(folder, "pictures.npy")
        if not os.path.exists(cache):
            self._cut_all(folder, cache)
        self.patches = np.load(cache, mmap_mode="r")
        self.objects = np.load(os.path.join(folder, "objects.npy"))
        self.cells = np.load(os.path.join(folder, "cells.npy"))

    def _cut_all(self, folder, cache):
        total = int(self.first[-1])
        partial = cache + ".partial"
        shape = (total, GRID * GRID, PATCH_VALUES)
        patches = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
        objects = np.zeros((total, GRID * GRID), np.uint8)
        cells = np.zeros((len(self.scenes), GRID * GRID), np.uint8)
        with multiprocessing.Pool(2) as workers:
            jobs = ((folder, scene) for scene in self.scenes)
            for index, result in enumerate(workers.imap(_cut_scene, jobs, chunksize=50)):
                at = slice(self.first[index], self.first[index + 1])
                patches[at], objects[at], cells[index] = result
                if (index + 1) % 2000 == 0:
                    print(f"{index + 1} of {len(self.scenes)} scenes cut", flush=True)
        patches.flush()
        np.save(os.path.join(folder, "objects.npy"), objects)
        np.save(os.path.join(folder, "cells.npy"), cells)
        os.replace(partial, cache)

    def batch(self, random, layout, indices):
        """Scenes of one layout, every second one mirrored: patches, object and cell labels, and their content."""
        pictures = 1 + layout.rows * layout.columns
        patches = np.empty((len(indices), pictures, GRID * GRID, PATCH_VALUES), np.uint8)
        objects = np.empty((len(indices), pictures, GRID * GRID), np.int64)
        cells = np.empty((len(indices), GRID * GRID), np.int64)
        scenes = []
        for at, index in enumerate(indices):
            cut = (
                self.patches[self.first[index] : self.first[index + 1]],
                self.objects[self.first[index] : self.first[index + 1]],
                self.cells[index],
                self.scenes[index],
            )
            if random.random() < 0.5:
                cut = mirror(*cut, layout)
            patches[at], objects[at], cells[at] = cut[:3]
            scenes.append(cut[3])
        return torch.from_numpy(patches), torch.from_numpy(objects), torch.from_numpy(cells), scenes


def _cut_scene(job):
    folder, scene = job
    patches = preprocess.to_patches(preprocess.cut(read_image(folder, scene)))
    return (patches, *label(scene))


def label(scene):
    """Which object each patch of each picture shows, and in which cell each overview patch's object is."""
    shapes = scene["shapes"]
    width, height = scene["width"], scene["height"]
    canvas_width, canvas_height, x, y, drawn_width, drawn_height = preprocess.placement(width, height)
    overview = _covered(shapes, (SIDE, SIDE), (SIDE / width, SIDE / height), (0, 0))
    canvas = (canvas_width, canvas_height)
    refined = _covered(shapes, canvas, (drawn_width / width, drawn_height / height), (x, y))
    names = np.array([0] + [_object_class(shape) for shape in shapes], np.uint8)
    # Cells have no class to pass over: a small shape in the overview is in its cell, whatever it is.
    seen = np.array([0] + [_object_class(shape) + FAINT * _is_small(shape) for shape in shapes], np.uint8)
    places = np.array([0] + [1 + shape["cell"] for shape in shapes], np.uint8)
    rows, columns = canvas_height // SIDE, canvas_width // SIDE
    tiles = names[refined].reshape(rows, GRID, columns, GRID).swapaxes(1, 2).reshape(-1, GRID * GRID)
    return np.concatenate([seen[overview].reshape(1, -1), tiles]), places[overview].reshape(-1)


def _is_small(shape):
    return bool(shape.get("small"))


def is_large(scene):
    """All of its shapes can be told in the overview."""
    return not any(_is_small(shape) for shape in scene["shapes"])


def has_small(scene):
    return not is_large(scene)


def _object_class(shape):
    kinds = len(language.KINDS)
    return 1 + language.COLOURS.index(shape["colour"]) * kinds + language.KINDS.index(shape["kind"])


def _covered(shapes, size, scale, offset):
    """Per patch: 1 + the index of the shape that covers it most, or 0."""
    columns, rows = size[0] // PATCH, size[1] // PATCH
    shares = [np.full((rows, columns), COVERED)]
    for shape in shapes:
        mask = Image.new("L", size)
        outline = [(px * scale[0] + offset[0], py * scale[1] + offset[1]) for px, py in shape["outline"]]
        ImageDraw.Draw(mask).polygon(outline, fill=1)
        share = np.asarray(mask).reshape(rows, PATCH, columns, PATCH).mean((1, 3))
        if _is_small(shape):
            share = np.where(share >= HELD * max(share.sum(), 1e-9), share + COVERED, share)
        shares.append(share)
    return np.argmax(shares, 0)


def dense_labels(objects):
    """The class of each patch; IGNORED where it shows a shape that is too small to be told."""
    return torch.where(objects >= FAINT, IGNORED, objects)


def present_targets(objects):
    """[n, 64] objects of the patches of pictures -> which classes and colours are there [n, 15 + 5], and which of that is known.

    Of a shape that is too small to be told, the colour is known and the class is not.
    """
    kinds, colours = len(language.KINDS), len(language.COLOURS)
    classes = torch.arange(1, OBJECT_CLASSES)
    told = (objects[:, :, None] == classes).any(1)
    faint = (objects[:, :, None] == classes + FAINT).any(1)
    coloured = (told | faint).view(-1, colours, kinds).any(2)
    known = torch.cat([~faint | told, torch.ones_like(coloured)], 1)
    return torch.cat([told, coloured], 1).float(), known.float()


def mirror(patches, objects, cells, scene, layout):
    """The same scene seen in a mirror: patches, labels, outlines and the order in which shapes are named."""
    order = np.arange(layout.rows * layout.columns).reshape(layout.rows, layout.columns)[:, ::-1]
    order = np.concatenate([[0], 1 + order.ravel()])
    grid = (len(order), GRID, GRID)
    patches = patches[order].reshape(*grid, 3, PATCH, PATCH)[:, :, ::-1, :, :, ::-1].reshape(patches.shape)
    objects = objects[order].reshape(grid)[:, :, ::-1].reshape(objects.shape)
    mirrored_cell = np.array([0] + [1 + mirror_cell(cell) for cell in range(9)], np.uint8)
    cells = mirrored_cell[cells].reshape(GRID, GRID)[:, ::-1].reshape(cells.shape)
    width = scene["width"]
    shapes = [
        dict(shape, cell=mirror_cell(shape["cell"]), outline=[(width - x, y) for x, y in shape["outline"]])
        for shape in scene["shapes"]
    ]
    return patches, objects, cells, dict(scene, shapes=sorted(shapes, key=lambda shape: shape["cell"]))


def mirror_cell(cell):
    return cell // 3 * 3 + 2 - cell % 3


def normalise(patches, gain=None):
    """uint8 [..., 588] -> CLIP's normalised floats; `gain` (per channel) brightens or tints."""
    mean = torch.tensor(preprocess.MEAN).repeat_interleave(PATCH * PATCH)
    std = torch.tensor(preprocess.STD).repeat_interleave(PATCH * PATCH)
    scale = 1 / (255 * std)
    if gain is not None:
        scale = scale * torch.tensor(gain).repeat_interleave(PATCH * PATCH)
    return patches.float().mul_(scale).sub_(mean / std)


class Turns:
    """Questions and answers about each picture of a batch, packed behind the picture.

    Every turn sees the picture and itself only, and its positions start right behind the picture, so
    that one pass trains (or judges) what the engine does in several.
    """

    def __init__(self, tokenizer, conversations, shared):
        """`conversations`: per picture a list of (text behind the image, answer); `shared`: per picture the tokens before.

        All pictures take as many tokens as the longest: what is behind the end of one is padding.
        """
        rows = []
        for conversation, own_shared in zip(conversations, shared):
            ids, targets, turn, positions = [], [], [], []
            for number, (question, answer) in enumerate(conversation):
                asked, said = tokenizer.encode(question), tokenizer.encode(answer) + [EOS]
                ids += asked + said[:-1]
                targets += [IGNORED] * (len(asked) - 1) + said
                length = len(asked) + len(said) - 1
                turn += [number] * length
                positions += range(own_shared, own_shared + length)
            rows.append((ids, targets, turn, positions))
        self.ids = _padded([row[0] for row in rows], 0)
        self.targets = _padded([row[1] for row in rows], IGNORED)
        self.turn = _padded([row[2] for row in rows], -1)
        self.positions = _padded([row[3] for row in rows], max(shared))
        self.shared = torch.tensor(shared)

    def mask(self, dtype):
        """[batch, 1, turns, shared + turns]: 0 where a token may look, minus infinity elsewhere."""
        batch, length = self.turn.shape
        own = (self.turn[:, :, None] == self.turn[:, None, :]) & torch.ones(length, length, dtype=torch.bool).tril()
        seen = torch.arange(self.shared.max()) < self.shared[:, None, None]
        seen = torch.cat([seen.expand(-1, length, -1), own], 2)
        return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, -torch.inf)[:, None]


def _padded(rows, fill):
    longest = max(map(len, rows))
    return torch.tensor([list(row) + [fill] * (longest - len(row)) for row in rows])


def answer_logits(model, tokenizer, features, layout, before, conversations, dtype, shown=None):
    """Logits and targets [answer tokens, ...] of every turn, and which (picture, turn) each belongs to.

    layout None: the overview alone. shown: as of Llava.shown_image_tokens; None: all.
    """
    lengths = None
    if layout is None:
        image = model.model.mm_projector(features[:, 0])
    elif shown is None:
        image = model.image_tokens(features, layout)
    else:
        image, lengths = model.shown_image_tokens(features, layout, shown)
    prefix = torch.tensor([BOS] + tokenizer.encode(before))
    batch, shared = len(image), len(prefix) + image.shape[1]
    own_shared = [shared] * batch if lengths is None else (len(prefix) + lengths).tolist()
    turns = Turns(tokenizer, conversations, own_shared)
    embed = model.model.embed_tokens
    embedded = torch.cat([embed(prefix).expand(batch, -1, -1).to(dtype), image.to(dtype), embed(turns.ids).to(dtype)], 1)
    positions = torch.cat([torch.arange(shared).expand(batch, -1), turns.positions], 1)
    logits = model.logits(embedded, positions, turns.mask(dtype), shared)
    answered = turns.targets >= 0
    picture = torch.arange(batch)[:, None].expand_as(turns.turn)
    owner = torch.stack([picture[answered], turns.turn[answered]], 1)
    return logits[answered].float(), turns.targets[answered], owner
