import { z } from 'zod';

type Corner = [x: number, y: number];

const zoneExample = '[[0, 0], [1, 0], [1, 0.2]]';

/**
 * Zones of a picture, each a list of corners as [x, y] from [0, 0] at the top left to [1, 1] at the bottom right. A zone has
 * one fault at most.
 */
export const zones = z
  .unknown()
  .superRefine((value, context) => {
    const refuse = (path: PropertyKey[], input: unknown, message: string): void =>
      context.addIssue({ code: 'custom', path, input, message });
    if (!Array.isArray(value))
      return refuse([], value, `must be a list of zones such as [${zoneExample}]; [] for none`);
    if (isPoint(value[0]) || typeof value[0] === 'number')
      return refuse(
        [],
        undefined,
        `must be a list of zones, each a list of corners: one more pair of brackets, as in [${zoneExample}]`,
      );
    for (const [index, zone] of value.entries()) {
      const fault = zoneFault(zone);
      if (fault) refuse([index, ...fault.path], fault.value, fault.message);
    }
  })
  .transform((value) => value as Corner[][]);

interface ZoneFault {
  readonly path: readonly number[];
  readonly value?: unknown;
  readonly message: string;
}

function zoneFault(zone: unknown): ZoneFault | null {
  if (!Array.isArray(zone))
    return { path: [], value: zone, message: `must be a list of corners such as ${zoneExample}` };
  for (const [index, corner] of zone.entries()) {
    if (!isPoint(corner))
      return { path: [index], value: corner, message: 'must be a corner such as [0.25, 0.5]' };
    const axis = corner.findIndex((share) => !(share >= 0 && share <= 1));
    if (axis >= 0)
      return {
        path: [index, axis],
        value: corner[axis],
        message: 'must be from 0 to 1: a share of the width or height, not pixels or per cent',
      };
  }
  const corners = zone as Corner[];
  if (corners.length < 3)
    return { path: [], message: `must have at least three corners such as ${zoneExample}` };
  if (isFlat(corners))
    return { path: [], message: 'has no area: its corners are on one line; add or move a corner' };
  return null;
}

function isPoint(value: unknown): value is Corner {
  return Array.isArray(value) && value.length === 2 && value.every((share) => typeof share === 'number');
}

/** Whether all corners are on one line through the first. */
function isFlat([first, ...others]: readonly Corner[]): boolean {
  const [x0, y0] = first!;
  const vectors = others.map(([x, y]) => [x - x0, y - y0] as const);
  const [dx, dy] = vectors.find(([x, y]) => Math.hypot(x, y) > 1e-6) ?? [0, 0];
  return vectors.every(([x, y]) => Math.abs(x * dy - y * dx) < 1e-9);
}
