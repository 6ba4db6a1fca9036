"""Where the vision tower starts. From a random start it learns colour and leaves shape at chance."""
import numpy as np
import torch

from data import normalise
from model import VISION
from preprocess import GRID

PICTURES = 3000
POSITION_SCALE = 0.7


@torch.no_grad()
def vision(tower, pool):
    """PCA-whitened patch embedding from the pool's own patches, and two-dimensional sin-cos positions."""
    tower.embeddings.patch_embedding.weight.copy_(_whitening(pool).view_as(tower.embeddings.patch_embedding.weight))
    tower.embeddings.position_embedding.weight.copy_(_positions() * POSITION_SCALE)


def _whitening(pool):
    chance = np.random.RandomState(0)
    chosen = []
    for picture in chance.randint(0, len(pool.objects), PICTURES):
        patches, shown = pool.patches[picture], pool.objects[picture] > 0
        # Mostly patches with something in them: empty ones would spend the components on noise.
        empty = np.flatnonzero(~shown)
        chosen.append(patches[shown])
        chosen.append(patches[chance.choice(empty, min(len(empty), 3 + shown.sum() // 4), replace=False)])
    values = normalise(torch.from_numpy(np.concatenate(chosen))).numpy()
    variance, vectors = np.linalg.eigh(values.T @ values / len(values))
    variance, vectors = variance[::-1][: VISION["hidden"]], vectors[:, ::-1][:, : VISION["hidden"]]
    # Weak components are damped, not blown up to full strength.
    return torch.from_numpy((vectors / np.sqrt(variance + 0.3 * variance[40])).T.astype(np.float32))


def _positions():
    """[65, hidden]: row 0 is the class token's, then the patches by rows."""
    quarter = VISION["hidden"] // 4
    frequencies = 1.5 / 100 ** (np.arange(quarter) / quarter)
    rows = [np.zeros(4 * quarter)]
    for patch in range(GRID * GRID):
        y, x = divmod(patch, GRID)
        rows.append(np.concatenate([f(at * frequencies) for at in (x, y) for f in (np.sin, np.cos)]))
    return torch.tensor(np.array(rows), dtype=torch.float32)
