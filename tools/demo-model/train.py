"""Trains the demo model on a drawn pool: the same steps from the same seed in every run.

Two processes of one thread each work on half a batch and average their gradients through shared
memory; on small matrices that beats two threads in one process.
"""
import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it

import argparse
import math
import random
import time
from collections import Counter, deque

import numpy as np
import torch
import torch.multiprocessing
import torch.nn as nn
import torch.nn.functional as F

import data
import initialise
import language
import tokenizer as tokenisation
from model import VISION, Llava
from schedule import PHASES

PROCESSES = 2
WARM_UP_STEPS = 60
BACKGROUND_WEIGHT = 0.12  # of a patch that shows nothing, in the auxiliary labels
VALIDATION_SCENES = 240
DTYPE = torch.bfloat16


class Auxiliary(nn.Module):
    """Training only: names the object, its kind, its colour, and in the overview the cell, from each patch's features.

    Captions alone teach colour quickly and shape hardly at all; these labels teach both. Kind and colour apart serve
    questions about a circle, whatever its colour; the object serves those about a red circle.
    """

    def __init__(self):
        super().__init__()
        self.object = nn.Linear(VISION["hidden"], data.OBJECT_CLASSES)
        self.kind = nn.Linear(VISION["hidden"], 1 + len(language.KINDS))
        self.colour = nn.Linear(VISION["hidden"], 1 + len(language.COLOURS))
        self.cell = nn.Linear(VISION["hidden"], data.CELL_CLASSES)

    def weighed(self, head, features, labels):
        """The loss of one head, and for each patch whether it is right."""
        named = head(features).float().flatten(0, -2)
        weights = torch.tensor([BACKGROUND_WEIGHT] + [1.0] * (head.out_features - 1))
        return F.cross_entropy(named, labels, weights), named.argmax(-1) == labels

    def loss(self, features, objects, cells):
        """features [batch, pictures, 64, 128], the overview first; also the accuracy on objects."""
        objects = objects.flatten()
        shown = objects > 0
        kinds = torch.where(shown, (objects - 1) % len(language.KINDS) + 1, 0)
        colours = torch.where(shown, (objects - 1) // len(language.KINDS) + 1, 0)
        object_loss, right = self.weighed(self.object, features, objects)
        kind_loss, _ = self.weighed(self.kind, features, kinds)
        colour_loss, _ = self.weighed(self.colour, features, colours)
        cell_loss, _ = self.weighed(self.cell, features[:, 0], cells.flatten())
        return object_loss + 0.5 * (kind_loss + colour_loss + cell_loss), right[shown].float().mean()


class Trainer:
    def __init__(self, rank, pool, tokenizer, gradients, barrier, args):
        torch.set_num_threads(1)
        torch.manual_seed(0)  # the same start in every process
        self.rank, self.pool, self.tokenizer, self.args = rank, pool, tokenizer, args
        self.gradients, self.barrier = gradients, barrier
        self.model, self.auxiliary = Llava(), Auxiliary()
        self.random = random.Random(100 + rank)  # scenes and questions differ between processes
        self.shared_random = random.Random(7)  # the layout of a step does not: equal work, no waiting
        # The end of the pool is kept back to watch progress.
        self.training = {
            layout: [index for index in indices if index < len(pool.scenes) - VALIDATION_SCENES]
            for layout, indices in pool.layouts.items()
        }
        self.training = {layout: indices for layout, indices in self.training.items() if len(indices) >= 20}
        self.crowded = {
            layout: [index for index in indices if len(pool.scenes[index]["shapes"]) > 1]
            for layout, indices in self.training.items()
        }
        self.started = time.time()

    def run(self):
        if self.args.resume:
            state = torch.load(self.args.resume)
            self.model.load_state_dict(state["model"])
            self.auxiliary.load_state_dict(state["auxiliary"])
        else:
            initialise.vision(self.model.vision, self.pool)
        for name in self.args.phases.split(","):
            self.run_phase(name, PHASES[name])

    def run_phase(self, name, phase):
        modules = [self.model if phase.turns else self.model.vision, self.auxiliary]
        parameters = [p for m in modules for p in m.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.02},
                {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
        )
        recent, phase_started = deque(maxlen=100), time.time()
        for step in range(phase.steps):
            layouts, counts = zip(*((layout, len(indices)) for layout, indices in self.training.items()))
            layout = self.shared_random.choices(layouts, counts)[0]
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
                seconds_a_step = (time.time() - phase_started) / (step + 1)
                print(
                    f"[{name}] {step + 1}/{phase.steps} {figures} "
                    f"({seconds_a_step:.2f} s a step, {(time.time() - self.started) / 60:.1f} min)",
                    flush=True,
                )
            if self.rank == 0 and ((step + 1) % self.args.validate_every == 0 or last):
                self.save()
                if phase.turns:
                    self.validate(with_tiles=phase.overview_share < 1)
        self.barrier.wait()

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

    def batch(self, layout, size, crowded_share=0.0):
        crowded = crowded_share > 0 and self.random.random() < crowded_share
        indices = self.random.choices((self.crowded if crowded else self.training)[layout], k=size)
        return self.pool.batch(self.random, layout, indices)

    def features(self, patches):
        gain = [self.random.uniform(0.9, 1.08) for _ in range(3)]
        return self.model.encode(data.normalise(patches, gain))

    def loss(self, phase, layout):
        if not phase.turns:
            return self.vision_loss(layout, phase.batch)
        # Both processes draw the same, and so take equally long.
        if phase.overview_share == 1 or (phase.overview_share and self.shared_random.random() < phase.overview_share):
            return self.overview_loss(layout, phase)
        return self.anyres_loss(layout, phase)

    def vision_loss(self, layout, size):
        """The overview and one tile that shows something, dense labels only."""
        patches, objects, cells, _ = self.batch(layout, size)
        tiles = [self.random.choice((o[1:].any(1).nonzero().flatten() + 1).tolist() or [1]) for o in objects]
        rows, pair = torch.arange(size)[:, None], torch.tensor([[0, tile] for tile in tiles])
        loss, accuracy = self.auxiliary.loss(self.features(patches[rows, pair]), objects[rows, pair], cells)
        return loss, {"loss": float(loss), "object": float(accuracy)}

    def overview_loss(self, layout, phase):
        """Conversations about the overview alone."""
        patches, objects, cells, shapes = self.batch(layout, phase.overview_batch, phase.crowded)
        return self.language_loss(patches[:, :1], objects[:, :1], cells, shapes, None, phase.turns, 0.3)

    def anyres_loss(self, layout, phase):
        """Overview and tiles; the overview is often black, or the model would not care for the tiles."""
        patches, objects, cells, shapes = self.batch(layout, phase.batch, phase.crowded)
        for at in range(phase.batch):
            if self.random.random() < phase.overview_dropout:
                patches[at, 0], objects[at, 0], cells[at] = 0, 0, 0
        return self.language_loss(patches, objects, cells, shapes, layout, phase.turns, 0.15)

    def language_loss(self, patches, objects, cells, shapes, layout, turns, auxiliary_weight):
        features = self.features(patches)
        before = self.random.choices(language.BEFORE_IMAGE, language.BEFORE_WEIGHTS)[0]
        conversations = [[self.framed(*turn(self.random, s)) for turn in turns] for s in shapes]
        logits, targets, _ = data.answer_logits(
            self.model, self.tokenizer, features, layout, before, conversations, DTYPE
        )
        answer_loss = F.cross_entropy(logits, targets)
        auxiliary_loss, accuracy = self.auxiliary.loss(features, objects, cells)
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
        right, asked, blind = Counter(), Counter(), Counter()
        for layout, indices in self.pool.layouts.items():
            held = [index for index in indices if index >= len(self.pool.scenes) - VALIDATION_SCENES]
            for at in range(0, len(held), 16):
                chance = random.Random(held[at])
                patches, _, _, shapes = self.pool.batch(chance, layout, held[at : at + 16])
                asked_of = [[turn(chance, s) for turn in language.EVERY_TURN] for s in shapes]
                conversations = [
                    [(f"\n{q if kind else language.MAIN_PROMPT} ASSISTANT:", a) for kind, (q, a) in enumerate(c)]
                    for c in asked_of
                ]
                views = {False: patches, True: patches.clone()}
                views[True][:, 0] = 0
                for overview_black, view in views.items():
                    with torch.autocast("cpu", dtype=DTYPE):
                        features = self.model.encode(data.normalise(view))
                        logits, targets, owner = data.answer_logits(
                            self.model, self.tokenizer, features,
                            layout if with_tiles else None,
                            language.BEFORE_IMAGE[0], conversations, DTYPE,
                        )  # fmt: skip
                    wrong = {tuple(o) for o in owner[logits.argmax(-1) != targets].tolist()}
                    for picture in range(len(view)):
                        if overview_black:
                            blind["tiles only"] += (picture, 0) not in wrong
                            continue
                        for number, turn in enumerate(language.EVERY_TURN):
                            asked[turn.__name__] += 1
                            right[turn.__name__] += (picture, number) not in wrong
        figures = {kind: f"{right[kind] / asked[kind]:.3f}" for kind in asked}
        tiles = blind["tiles only"] / asked["describe"]
        print(f"  right on unseen scenes: {figures}, captions from the tiles alone {tiles:.3f}", flush=True)

    def save(self):
        torch.save({"model": self.model.state_dict(), "auxiliary": self.auxiliary.state_dict()}, self.args.out)


def work(rank, args, gradients, barrier):
    tokenizer = tokenisation.Tokenizer.load(args.tokenizer)
    Trainer(rank, data.Pool(args.pool), tokenizer, gradients, barrier, args).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", required=True, help="folder that draw-pool.ts wrote")
    parser.add_argument("--tokenizer", required=True, help="written where it does not exist")
    parser.add_argument("--out", required=True, help="file for the trained state")
    parser.add_argument("--resume", help="state of an earlier run to start from")
    parser.add_argument("--phases", default=",".join(PHASES))
    parser.add_argument("--report-every", type=int, default=100)
    parser.add_argument("--validate-every", type=int, default=600)
    args = parser.parse_args()
    if not os.path.exists(args.tokenizer):
        tokenisation.train().save(args.tokenizer)
    data.Pool(args.pool)  # cuts the pictures once, before there are two processes
    size = sum(p.numel() for m in (Llava(), Auxiliary()) for p in m.parameters())
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
