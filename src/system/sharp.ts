import type Sharp from 'sharp';

let loaded: Promise<typeof Sharp> | null = null;

/**
 * Loads sharp when it is first needed: its libraries take 20 MB and as long to load as Node itself, and a daemon whose
 * cameras give JPEGs, or a process that sizes a model, never needs it.
 */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => sharp);
  return loaded;
}
