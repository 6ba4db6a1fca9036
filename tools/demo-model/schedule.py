"""What is trained for how long, in which order, and on what."""
from dataclasses import dataclass

import language
from language import colour, count, describe, is_exactly_there, is_there, where


@dataclass(frozen=True)
class Phase:
    steps: int
    peak_rate: float  # learning rate after the warm-up; from there it goes down along a cosine
    turns: tuple = ()  # what every picture is asked; none: only the labels of its patches
    batch: int = 4  # scenes a process and step, with tiles
    overview_batch: int = 8  # the same where the overview stands alone
    # Share of the steps that show the overview alone. Most of what there is to learn shows there, at a
    # third of the cost.
    overview_share: float = 0.0
    overview_dropout: float = 0.0  # share of the samples with tiles whose overview is black
    crowded: float = 0.0  # share of the batches drawn from scenes of two shapes or more
    decay_steps: int = 0  # when the cosine would reach the bottom, if not at the end of the phase


# Reading a picture is what costs, so the later phases, where it costs most, ask most. Captions are
# learnt first, then yes or no, then places, and last which kind of shape a question means.
SOME = (describe, is_there, is_there, where, colour, count)
MORE = (describe, *[is_there] * 4, *[where] * 2, colour, count)
PLACES = (describe, *[is_there] * 2, *[where] * 4, *[colour] * 2, count)
KINDS = (describe, is_there, *[is_exactly_there] * 2, *[where] * 4, *[colour] * 3, count)

PHASES = {
    "vision": Phase(1600, 1.5e-3, batch=12),
    "overview": Phase(900, 1.2e-3, SOME, overview_share=1),
    "anyres": Phase(1000, 8e-4, MORE, overview_dropout=0.4, decay_steps=2000),
    "mixed": Phase(1000, 8e-4, MORE, overview_share=0.5, overview_dropout=0.3, decay_steps=2000),
    "finish": Phase(1500, 6e-4, PLACES, overview_share=0.5, overview_dropout=0.3),
    "refine": Phase(1600, 8e-4, KINDS, overview_share=0.7, overview_dropout=0.3, crowded=0.8),
}
