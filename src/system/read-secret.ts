import { readText } from './read-text.ts';

/** The secret on the first line of a file, without trailing space. @throws ConfigError naming the file as `label` */
export async function readSecret(path: string, label: string): Promise<string> {
  const [line = ''] = (await readText(path, label)).split('\n');
  return line.trimEnd();
}
