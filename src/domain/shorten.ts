/** A text of at most `maxLength` characters: of a longer one the beginning, and dots. */
export function shorten(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text;
}
