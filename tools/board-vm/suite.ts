interface Result {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly seconds: number;
}

/** Checks that run in sequence, with a line each and a table at the end. */
export class Suite {
  readonly #only: string;
  readonly #results: Result[] = [];

  /** `only`: run the checks whose names contain these words. */
  constructor(only = '') {
    this.#only = only;
  }

  /** Runs a check; it fails by throwing, and may return a measurement. @returns whether it passed. */
  async check(name: string, run: () => Promise<unknown>): Promise<boolean> {
    if (!name.includes(this.#only)) return true;
    const startedAt = performance.now();
    let isGood = true;
    let detail = '';
    try {
      const measured = await run();
      if (typeof measured === 'string') detail = measured;
    } catch (error) {
      isGood = false;
      detail = error instanceof Error ? error.message : String(error);
    }
    this.#add({ name, isGood, detail, seconds: (performance.now() - startedAt) / 1000 });
    return isGood;
  }

  /** A line of the table for a part of the last check. */
  record(name: string, seconds: number): void {
    this.#add({ name: `  ${name}`, isGood: true, detail: '', seconds });
  }

  #add(result: Result): void {
    this.#results.push(result);
    console.log(this.#line(result));
  }

  /** Prints the table; resolves to the exit code. */
  finish(): number {
    console.log('\nCHECK'.padEnd(53), 'RESULT  SECONDS  DETAIL');
    for (const result of this.#results) console.log(this.#line(result));
    const failed = this.#results.filter(({ isGood }) => !isGood).length;
    console.log(`\n${this.#results.length - failed} passed, ${failed} failed`);
    return failed > 0 || this.#results.length === 0 ? 1 : 0;
  }

  #line({ name, isGood, detail, seconds }: Result): string {
    const time = seconds.toFixed(1).padStart(7);
    return `${name.padEnd(52)} ${(isGood ? 'ok' : 'FAILED').padEnd(6)}  ${time}  ${detail.replaceAll('\n', ' ')}`.trimEnd();
  }
}

export function expect(isSo: boolean, message: string): void {
  if (!isSo) throw new Error(message);
}

/** The error that a promise rejects with; throws if it resolves or the message differs. */
export async function rejection(promise: Promise<unknown>, message: RegExp): Promise<string> {
  let text: string;
  try {
    await promise;
  } catch (error) {
    text = error instanceof Error ? error.message : String(error);
    expect(message.test(text), `expected ${message}, got: ${text}`);
    return text;
  }
  throw new Error(`expected ${message}, but it succeeded`);
}
