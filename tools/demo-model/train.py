"""Trains the demo model on a drawn pool: the same steps from the same seed in every run.

Two processes of one thread each work on half a batch and average their gradients through shared
memory; on small matrices that beats two threads in one process.
"""
import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it

import argparse
import dataclasses
import math
import random
import time
from collections import defaultdict, deque

import numpy as np
import torch
import torch.multiprocessing
import torch.nn as nn
import torch.nn.functional as F

import checkpoint
import data
import initialise
import language
import shown_patches
import tokenizer as tokenisation
from model import VISION, Llava
from schedule import RECIPES

PROCESSES = 2
WARM_UP_STEPS = 60
BACKGROUND_WEIGHT = 0.12  # of a patch that shows nothing, in the auxiliary labels
VALIDATION_SCENES = 240
DTYPE = torch.bfloat16


class Auxiliary(nn.Module):
    """Training only: names the object, its kind, its colour, and in the overview the cell, from each patch's features.

    Captions alone teach colour quickly and shape hardly at all; these labels teach both. Kind and colour apart serve
    questions about a circle, whatever its colour; the object serves those about a red circle. `present` says from the
    class token which objects and colours a picture shows.
    """

    def __init__(self, asks_class_token=False):
        super().__init__()
        self.object = nn.Linear(VISION["hidden"], data.OBJECT_CLASSES)
        self.kind = nn.Linear(VISION["hidden"], 1 + len(language.KINDS))
        self.colour = nn.Linear(VISION["hidden"], 1 + len(language.COLOURS))
        self.cell = nn.Linear(VISION["hidden"], data.CELL_CLASSES)
        if asks_class_token:
            self.present = nn.Linear(VISION["hidden"], data.OBJECT_CLASSES - 1 + len(language.COLOURS))

    def weighed(self, head, features, labels):
        """The loss of one head, and for each patch whether it is right."""
        named = head(features).float().flatten(0, -2)
        weights = torch.tensor([BACKGROUND_WEIGHT] + [1.0] * (head.out_features - 1))
        return F.cross_entropy(named, labels, weights), named.argmax(-1) == labels

    def loss(self, features, objects, cells):
        """features [batch, pictures, 64, 128], the overview first; also the accuracy on objects."""
        objects = data.dense_labels(objects.flatten())
        shown = objects > 0
        # Neither background (0) nor what is passed over has a kind or a colour.
        kinds = torch.where(shown, (objects - 1) % len(language.KINDS) + 1, objects)
        colours = torch.where(shown, (objects - 1) // len(language.KINDS) + 1, objects)
        object_loss, right = self.weighed(self.object, features, objects)
        kind_loss, _ = self.weighed(self.kind, features, kinds)
        colour_loss, _ = self.weighed(self.colour, features, colours)
        cell_loss, _ = self.weighed(self.cell, features[:, 0], cells.flatten())
        return object_loss + 0.5 * (kind_loss + colour_loss + cell_loss), right[shown].float().mean()

    def class_loss(self, class_features, objects):
        """class_features [batch, pictures, 128]: the loss of what the class token says is there."""
        targets, known = data.present_targets(objects.flatten(0, 1))
        said = self.present(class_features.flatten(0, 1)).float()
        return (F.binary_cross_entropy_with_logits(said, targets, reduction="none") * known).sum() / known.sum()


class Trainer:
    def __init__(self, rank, pool, tokenizer, gradients, barrier, args):
        torch.set_num_threads(1)
        torch.manual_seed(0)  # the same start in every process
        self.rank, self.pool, self.tokenizer, self.args = rank, pool, tokenizer, args
        self.gradients, self.barrier = gradients, barrier
        self.phases = phases_of(args)
        self.model, self.auxiliary = Llava(), Auxiliary(asks_class_token(self.phases))
        self.random = random.Random()  # scenes and questions differ between processes
        self.shared_random = random.Random()  # the layout of a step does not: equal work, no waiting
        # The end of the pool is kept back to watch progress.
        self.training = {
            layout: [index for index in indices if index < len(pool.scenes) - VALIDATION_SCENES]
            for layout, indices in pool.layouts.items()
        }
        self.training = {layout: indices for layout, indices in self.training.items() if len(indices) >= 20}
        self.crowded = self.of_scenes(self.training, lambda scene: len(scene["shapes"]) > 1)
        # What the overview alone is asked about must show in it.
        self.large = self.of_scenes(self.training, data.is_large)
        self.large_crowded = self.of_scenes(self.crowded, data.is_large)
        self.small = self.of_scenes(self.training, data.has_small)
        self.small_crowded = self.of_scenes(self.crowded, data.has_small)
        self.started = time.time()

    def of_scenes(self, layouts, fits):
        """The indices of scenes that fit, by layout."""
        return {
            layout: [index for index in indices if fits(self.pool.scenes[index])]
            for layout, indices in layouts.items()
        }

    def run(self):
        names, state = self.args.phases.split(","), None
        if self.args.resume:
            state = torch.load(self.args.resume)
            self.model.load_state_dict(state["model"])
            self.auxiliary.load_state_dict(state["auxiliary"])
            if state["phase"] in names:
                names = names[names.index(state["phase"]) :]
        elif self.args.start:
            self.model.load_state_dict(checkpoint.load(self.args.start)[0].state_dict())
        else:
            initialise.vision(self.model.vision, self.pool)
        for name in names:
            cut_short = state if state and state["phase"] == name else None
            self.run_phase(name, self.phases[name], cut_short)

    def run_phase(self, name, phase, cut_short):
        """`cut_short`: the state of this phase to go on from; None: it starts."""
        modules = [self.model if phase.turns else self.model.vision, self.auxiliary]
        parameters = [p for m in modules for p in m.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.02},
                {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
        )
        first = 0
        if cut_short:
            optimizer.load_state_dict(cut_short["optimizer"])
            first = cut_short["step"]
        recent, phase_started = deque(maxlen=100), time.time()
        for step in range(first, phase.steps):
            # From the step alone, so that a training that was cut short goes on as it would have.
            self.random.seed(f"{name} {step} {self.rank}")
            self.shared_random.seed(f"{name} {step}")
            layout = self.layout(phase)
            with torch.autocast("cpu", dtype=DTYPE):
                loss, report = self.loss(phase, layout)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.average_gradients(parameters)
            cosine = 0.5 * (1 + math.cos(math.pi * step / phase.steps))
            decay = phase.last_rate + (1 - phase.last_rate) * cosine
            for group in optimizer.param_groups:
                group["lr"] = phase.peak_rate * min(1, (step + 1) / WARM_UP_STEPS) * decay
            optimizer.step()
            recent.append(report)
            last = step + 1 == phase.steps
            if self.rank == 0 and ((step + 1) % self.args.report_every == 0 or last):
                means = {key: np.nanmean([r[key] for r in recent if key in r]) for key in recent[-1]}
                figures = " ".join(f"{key} {value:.4f}" for key, value in means.items())
                seconds_a_step = (time.time() - phase_started) / (step + 1 - first)
                print(
                    f"[{name}] {step + 1}/{phase.steps} {figures} "
                    f"({seconds_a_step:.2f} s a step, {(time.time() - self.started) / 60:.1f} min)",
                    flush=True,
                )
            if self.rank == 0 and ((step + 1) % self.args.save_every == 0 or last):
                self.save(name, step + 1, optimizer)
            if self.rank == 0 and ((step + 1) % self.args.validate_every == 0 or last):
                if phase.turns:
                    self.validate(with_tiles=phase.overview_share < 1)
        self.barrier.wait()

    def layout(self, phase):
        """Of the scenes of this step: as often as the pool has it, or in a phase of small shapes more often if it is hard."""
        weights = {
            layout: len(indices) / (layout.short_side if phase.small else 1) for layout, indices in self.training.items()
        }
        return self.shared_random.choices(list(weights), list(weights.values()))[0]

    def average_gradients(self, parameters):
        """Averages over the processes, then clips the norm to one."""
        flat = torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in parameters])
        self.gradients[self.rank, : len(flat)] = flat
        self.barrier.wait()
        flat = self.gradients[:, : len(flat)].mean(0)
        self.barrier.wait()
        flat *= min(1.0, 1.0 / (float(flat.norm()) + 1e-6))
        for p, gradient in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad = gradient.view_as(p)

    def batch(self, layout, size, crowded_share=0.0, large=False, small_share=0.0):
        """`large`: of scenes whose shapes can all be told in the overview. `small_share`: how often of scenes with small ones."""
        crowded = crowded_share > 0 and self.random.random() < crowded_share
        all_scenes, crowded_scenes = (self.large, self.large_crowded) if large else (self.training, self.crowded)
        if small_share > 0 and self.random.random() < small_share and self.small_crowded[layout]:
            all_scenes, crowded_scenes = self.small, self.small_crowded
        indices = self.random.choices((crowded_scenes if crowded else all_scenes)[layout], k=size)
        return self.pool.batch(self.random, layout, indices)

    def features(self, patches):
        """Of the class token and the patches: [batch, pictures, 1 + 64, 128]."""
        gain = [self.random.uniform(0.9, 1.08) for _ in range(3)]
        return self.model.encode_with_class(data.normalise(patches, gain))

    def labels_loss(self, features, objects, cells, class_weight):
        """The losses of all labels of the pictures, with the class token's; also the accuracy on objects."""
        loss, accuracy = self.auxiliary.loss(features[:, :, 1:], objects, cells)
        if class_weight:
            loss = loss + class_weight * self.auxiliary.class_loss(features[:, :, 0], objects)
        return loss, accuracy

    def loss(self, phase, layout):
        if not phase.turns:
            return self.vision_loss(layout, phase)
        # Both processes draw the same, and so take equally long.
        if phase.overview_share == 1 or (phase.overview_share and self.shared_random.random() < phase.overview_share):
            return self.overview_loss(layout, phase)
        return self.anyres_loss(layout, phase)

    def vision_loss(self, layout, phase):
        """The overview and one tile that shows something, dense labels only."""
        size = phase.batch
        patches, objects, cells, _ = self.batch(layout, size)
        tiles = [self.random.choice((o[1:].any(1).nonzero().flatten() + 1).tolist() or [1]) for o in objects]
        rows, pair = torch.arange(size)[:, None], torch.tensor([[0, tile] for tile in tiles])
        features = self.features(patches[rows, pair])
        loss, accuracy = self.labels_loss(features, objects[rows, pair], cells, phase.class_weight)
        return loss, {"loss": float(loss), "object": float(accuracy)}

    def overview_loss(self, layout, phase):
        """Conversations about the overview alone."""
        patches, objects, cells, scenes = self.batch(layout, phase.overview_batch, phase.crowded, large=True)
        return self.language_loss(patches[:, :1], objects[:, :1], cells, scenes, None, phase, 0.3)

    def anyres_loss(self, layout, phase):
        """Overview and tiles; the overview is often black, or the model would not care for the tiles."""
        patches, objects, cells, scenes = self.batch(layout, phase.batch, phase.crowded, small_share=phase.small)
        shown = self.shown(phase, scenes)
        if shown is None:
            for at in range(phase.batch):
                if self.random.random() < phase.overview_dropout:
                    patches[at, 0], objects[at, 0], cells[at] = 0, 0, 0
        return self.language_loss(patches, objects, cells, scenes, layout, phase, 0.15, shown)

    def shown(self, phase, scenes):
        """Which patches of the tiles this step shows; None: all. Both processes choose the same way."""
        if self.shared_random.random() < phase.whole_share:
            return None
        if self.shared_random.random() < 0.5:
            share = self.shared_random.uniform(shown_patches.LEAST, shown_patches.MOST)
            shown = [shown_patches.at_random(self.random, scene, share) for scene in scenes]
        else:
            shown = [shown_patches.regions(self.random, scene) for scene in scenes]
        return torch.from_numpy(np.stack(shown))

    def language_loss(self, patches, objects, cells, scenes, layout, phase, auxiliary_weight, shown=None):
        features = self.features(patches)
        before = self.random.choices(language.BEFORE_IMAGE, language.BEFORE_WEIGHTS)[0]
        conversations = [[self.framed(*turn(self.random, s["shapes"])) for turn in phase.turns] for s in scenes]
        logits, targets, _ = data.answer_logits(
            self.model, self.tokenizer, features[:, :, 1:], layout, before, conversations, DTYPE, shown
        )
        answer_loss = F.cross_entropy(logits, targets)
        auxiliary_loss, accuracy = self.labels_loss(features, objects, cells, phase.class_weight)
        right = (logits.argmax(-1) == targets).float().mean()
        report = {"answer_loss": float(answer_loss), "token": float(right), "object": float(accuracy)}
        return answer_loss + auxiliary_weight * auxiliary_loss, report

    def framed(self, question, answer):
        separator = language.SEPARATORS[self.random.random() < 0.12]
        assistant = language.ASSISTANT[self.random.random() < 0.15]
        return separator + question + assistant, answer

    @torch.no_grad()
    def validate(self, with_tiles):
        """Answers that are right to the last token, on scenes of the pool that are not trained on."""
        rates = defaultdict(list)
        for layout, indices in self.pool.layouts.items():
            held = [index for index in indices if index >= len(self.pool.scenes) - VALIDATION_SCENES]
            for at in range(0, len(held), 16):
                self.validate_batch(layout, held[at : at + 16], with_tiles, rates)
        for title, names in ("right on unseen scenes", "answers"), ("captions", "captions"):
            shares = {name[1]: f"{np.mean(right):.3f}" for name, right in rates.items() if name[0] == names}
            print(f"  {title}: {shares}", flush=True)

    def validate_batch(self, layout, indices, with_tiles, rates):
        chance = random.Random(indices[0])
        patches, _, _, scenes = self.pool.batch(chance, layout, indices)
        conversations = [
            [
                (f"\n{question if kind else language.MAIN_PROMPT} ASSISTANT:", answer)
                for kind, (question, answer) in enumerate(turn(chance, scene["shapes"]) for turn in language.EVERY_TURN)
            ]
            for scene in scenes
        ]
        captions = [conversation[:1] for conversation in conversations]
        with torch.autocast("cpu", dtype=DTYPE):
            features = self.model.encode(data.normalise(patches))
            right = self.right_turns(features, layout if with_tiles else None, conversations)
            views = {"overview": self.right_turns(features, None, captions)[:, 0]}
            if with_tiles:
                views["whole"] = right[:, 0]
                choices = {
                    "half": [shown_patches.at_random(chance, scene, 0.5) for scene in scenes],
                    "regions": [shown_patches.regions(chance, scene) for scene in scenes],
                }
                for name, shown in choices.items():
                    shown = torch.from_numpy(np.stack(shown))
                    views[name] = self.right_turns(features, layout, captions, shown)[:, 0]
                patches[:, 0] = 0
                features = self.model.encode(data.normalise(patches))
                views["tiles alone"] = self.right_turns(features, layout, captions)[:, 0]
        for number, turn in enumerate(language.EVERY_TURN):
            rates["answers", turn.__name__] += right[:, number].tolist()
        for picture, scene in enumerate(scenes):
            size = "large" if data.is_large(scene) else "small"
            for name, view in views.items():
                rates["captions", f"{name}, {size}"].append(bool(view[picture]))

    def right_turns(self, features, layout, conversations, shown=None):
        """Bool [pictures, turns]: right to the last token."""
        before = language.BEFORE_IMAGE[0]
        logits, targets, owner = data.answer_logits(
            self.model, self.tokenizer, features, layout, before, conversations, DTYPE, shown
        )
        right = torch.ones(len(conversations), len(conversations[0]), dtype=torch.bool)
        for picture, turn in owner[logits.argmax(-1) != targets].tolist():
            right[picture, turn] = False
        return right

    def save(self, name, step, optimizer):
        state = {
            "model": self.model.state_dict(),
            "auxiliary": self.auxiliary.state_dict(),
            "optimizer": optimizer.state_dict(),
            "phase": name,
            "step": step,
        }
        torch.save(state, self.args.out + ".new")
        os.replace(self.args.out + ".new", self.args.out)  # whole, whenever the training is cut short


def phases_of(args):
    phases = RECIPES[args.recipe]
    if args.steps is None:
        return phases
    return {name: dataclasses.replace(phase, steps=args.steps) for name, phase in phases.items()}


def asks_class_token(phases):
    return any(phase.class_weight > 0 for phase in phases.values())


def work(rank, args, gradients, barrier):
    tokenizer = tokenisation.Tokenizer.load(args.tokenizer)
    Trainer(rank, data.Pool(args.pool), tokenizer, gradients, barrier, args).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", required=True, help="folder that draw-pool.ts wrote")
    parser.add_argument("--tokenizer", required=True, help="written where it does not exist")
    parser.add_argument("--out", required=True, help="file for the trained state")
    parser.add_argument("--resume", help="state of an earlier run to start from, or to go on with")
    parser.add_argument("--start", help="checkpoint of a model to start from; default: from nothing")
    parser.add_argument("--recipe", choices=RECIPES, default="large", help="large comes first, mixed goes on from it")
    parser.add_argument("--phases", default=",".join(RECIPES["large"]))
    parser.add_argument("--steps", type=int, help="of every phase, to try the code; default: as in schedule.py")
    parser.add_argument("--report-every", type=int, default=100)
    parser.add_argument("--save-every", type=int, default=200)
    parser.add_argument("--validate-every", type=int, default=600)
    args = parser.parse_args()
    if not os.path.exists(args.tokenizer):
        tokenisation.train().save(args.tokenizer)
    data.Pool(args.pool)  # cuts the pictures once, before there are two processes
    size = sum(p.numel() for m in (Llava(), Auxiliary(asks_class_token(phases_of(args)))) for p in m.parameters())
    print(f"{size / 1e6:.2f} million parameters", flush=True)
    gradients = torch.zeros(PROCESSES, size).share_memory_()
    context = torch.multiprocessing.get_context("fork")
    barrier = context.Barrier(PROCESSES)
    processes = [context.Process(target=work, args=(rank, args, gradients, barrier)) for rank in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("a training process failed")


if __name__ == "__main__":
    main()
