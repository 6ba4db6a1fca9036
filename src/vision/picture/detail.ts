import { type Detail, details } from '../../domain/detail.ts';
import type { LoadOptions } from '../native/load-options.ts';

/** The limits of a picture, for models that take one (`takesLimit`). */
export const pictureLimits: Readonly<Record<Detail, Pick<LoadOptions, 'imageMaxTokens' | 'imageMaxTiles'>>> =
  {
    overview: { imageMaxTokens: 256, imageMaxTiles: 1 },
    balanced: { imageMaxTokens: 1024, imageMaxTiles: 4 },
    full: {},
  };

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
