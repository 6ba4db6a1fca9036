import { type Detail, details } from '../../domain/detail.ts';

/** Max embeddings of a picture, for models that take such a limit; 0 is the model's own. */
export const imageMaxTokens: Readonly<Record<Detail, number>> = { overview: 256, balanced: 1024, full: 0 };

/** Max tiles of a LLaVA-1.6 picture, besides its overview. */
const maxTiles: Readonly<Record<Detail, number>> = {
  overview: 0,
  balanced: 2,
  full: Number.POSITIVE_INFINITY,
};

/** The lower of two: a context planned for one may have no room for more. */
export function lowerDetail(planned: Detail, requested: Detail | undefined): Detail {
  return requested && details.indexOf(requested) < details.indexOf(planned) ? requested : planned;
}

/** LLaVA-1.6's canvases ([width, height]) that `detail` allows. */
export function pinpointsFor(
  detail: Detail,
  gridPinpoints: readonly (readonly [number, number])[],
  imageSize: number,
): readonly (readonly [number, number])[] {
  return gridPinpoints.filter(([width, height]) => (width * height) / imageSize ** 2 <= maxTiles[detail]);
}
