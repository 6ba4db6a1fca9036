/** The number of a command-line option. @throws Error naming option, value and the numbers it takes */
export function wholeOption(option: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min)
    throw new Error(`--${option} ${text}: must be a whole number from ${min}`);
  return value;
}
