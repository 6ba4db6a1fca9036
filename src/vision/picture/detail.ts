import { type Detail, details } from '../../domain/detail.ts';

/** Most embeddings a picture becomes with models that take such a limit; 0 is the model's own. */
export const imageMaxTokens: Readonly<Record<Detail, number>> = { overview: 256, balanced: 1024, full: 0 };

/** Tiles a LLaVA-1.6 picture may be cut into, beside its overview. */
const mostTiles: Readonly<Record<Detail, number>> = {
  overview: 0,
  balanced: 2,
  full: Number.POSITIVE_INFINITY,
};

/** The lesser of two: a context that was planned for one may have no room for more. */
export function lesserDetail(planned: Detail, wanted: Detail | undefined): Detail {
  return wanted && details.indexOf(wanted) < details.indexOf(planned) ? wanted : planned;
}

/** Those of LLaVA-1.6's canvases ([width, height]) that a picture may be fitted to. */
export function pinpointsFor(
  detail: Detail,
  gridPinpoints: readonly (readonly [number, number])[],
  imageSize: number,
): readonly (readonly [number, number])[] {
  return gridPinpoints.filter(([width, height]) => (width * height) / imageSize ** 2 <= mostTiles[detail]);
}
