/** As llama.cpp names the parts of a split GGUF: llama_split_path in llama.cpp's src/llama.cpp. */
const partPattern = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/;

/** The names of all parts of the GGUF that this file is a part of, in order; of a file that is not split, its own. */
export function partNamesOf(name: string): readonly [string, ...string[]] {
  const [, prefix, number, count] = partPattern.exec(name) ?? [];
  if (Number(number) < 1 || Number(number) > Number(count) || count === undefined) return [name];
  const names = Array.from(
    { length: Number(count) },
    (_, index) => `${prefix}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`,
  );
  return names as [string, ...string[]];
}
