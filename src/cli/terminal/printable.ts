import { stripVTControlCharacters } from 'node:util';

/**
 * Text of models, cameras and brokers on one line, without what a terminal acts on: control characters and escape sequences,
 * invisible formatting such as that which turns the direction of writing, and piles of more than three accents.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .normalize('NFC')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[\p{C}\p{Variation_Selector}]/gu, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .trim();
}
