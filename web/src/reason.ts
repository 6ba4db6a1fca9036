import type { Texts } from './text/en.ts';

export interface Reason {
  readonly text: string;
  /** What the daemon says, in English, if it says more; null: no more. */
  readonly original: string | null;
}

/** A reason of the daemon in the reader's language, as far as it is one that the language has words for. */
export function reasonIn({ reasons }: Pick<Texts, 'reasons'>, reason: string): Reason {
  for (const [pattern, words] of reasons) {
    const match = pattern.exec(reason);
    if (!match) continue;
    const text = words.replace(/\$(\d)/g, (_, group) => match[Number(group)] ?? '');
    return { text, original: match[0] === reason ? null : reason };
  }
  return { text: reason, original: null };
}
