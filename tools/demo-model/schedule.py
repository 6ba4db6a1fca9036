"""What is trained for how long, in which order, and on what."""
from dataclasses import dataclass, replace

import language
from language import colour, count, describe, is_exactly_there, is_there, where, where_exactly


@dataclass(frozen=True)
class Phase:
    steps: int
    peak_rate: float  # learning rate after the warm-up; from there a cosine leads to `last_rate`
    turns: tuple = ()  # what every picture is asked; none: only the labels of its patches
    batch: int = 4  # scenes a process and step, with tiles
    overview_batch: int = 8  # the same where the overview stands alone
    # Share of the steps that show the overview alone. Most of what there is to learn shows there, at a
    # third of the cost.
    overview_share: float = 0.0
    overview_dropout: float = 0.0  # share of the samples with tiles whose overview is black
    crowded: float = 0.0  # share of the batches drawn from scenes of two shapes or more
    last_rate: float = 0.02  # as a share of peak_rate
    # Share of the steps with tiles that show all of their patches; one half of the others shows a random choice, the other
    # regions.
    whole_share: float = 1.0
    # Share of the batches with tiles that are drawn from scenes with small shapes alone. Then layouts with a short side of few
    # pixels, in which a small shape is smallest, are drawn more often too.
    small: float = 0.0
    class_weight: float = 0.0  # of the loss of what the class token says is there; 0: it is not asked


# Reading a picture is what costs, so every picture is asked many things. What only the kind of shape tells
# (which of two red ones, what colour the circle has) is asked from the first conversation on, about crowded
# scenes; yes or no about kinds comes second: asked from the beginning, it stays at chance.
SOME = (describe, *[is_there] * 2, where_exactly, *[colour] * 3, count)
KINDS = (describe, is_there, *[is_exactly_there] * 2, where, *[where_exactly] * 3, *[colour] * 4, count)

# All shapes are large, and pictures are whole: what shapes, colours and places are.
LARGE = {
    "vision": Phase(1600, 1.5e-3, batch=12),
    "overview": Phase(1200, 1.2e-3, SOME, overview_share=1, crowded=0.7, last_rate=0.1),
    "anyres": Phase(1700, 1e-3, KINDS, overview_share=0.5, overview_dropout=0.3, crowded=0.8, last_rate=0.5),
    "refine": Phase(1150, 5e-4, KINDS, overview_share=0.35, overview_dropout=0.3, crowded=0.8),
}

# Large and small shapes, for a model that has learned the large ones. Small ones show in the tiles alone, so most steps have
# tiles; half of those show only a part of them. The class token says which shapes are there, so that what it attends to is
# shapes.
_PARTS = Phase(
    1000, 8e-4, KINDS, overview_share=0.2, overview_dropout=0.25, crowded=0.8, last_rate=0.65, whole_share=0.5, class_weight=0.1
)
MIXED = {
    "small": Phase(1000, 6e-4, batch=12, class_weight=0.3),
    "anyres": _PARTS,
    "refine": replace(_PARTS, steps=1300, peak_rate=4e-4, last_rate=0.02),
    "settle": replace(_PARTS, steps=1400, peak_rate=4e-4, last_rate=0.02, overview_share=0.1),
    "finish": replace(_PARTS, steps=2200, peak_rate=5e-4, last_rate=0.02, overview_share=0.1, small=0.6),
}

RECIPES = {"large": LARGE, "mixed": MIXED}
