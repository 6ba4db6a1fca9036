/** Cuts a text to `maxLength` characters; a text that is cut ends in `...`. */
export function shorten(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text;
}
