import type Sharp from 'sharp';
import { messageOf } from '../domain/errors.ts';

let loaded: Promise<typeof Sharp> | null = null;

/**
 * Loads sharp when it is first needed: its libraries take 20 MB and as long to load as Node itself, and a daemon whose
 * cameras give JPEGs, or a process that sizes a model, never needs it.
 */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => sharp);
  return loaded;
}

/** Why sharp could not read a picture, in one line: libvips names its loader, and repeats each of its lines. */
export function sharpFault(error: unknown): string {
  const [line] = messageOf(error).split('\n') as [string];
  return line.replaceAll(/\bVips\w+: /g, '');
}
