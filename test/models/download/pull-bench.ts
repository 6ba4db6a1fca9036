import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { HubAccess } from '../../../src/models/download/hub-request.ts';
import { type PulledModel, pullModel } from '../../../src/models/download/pull.ts';
import type { PullEvent, PullFile } from '../../../src/models/download/source.ts';
import type { TowerChoice } from '../../../src/models/download/tower-choice.ts';
import { fileNameOf, parseAddress } from '../../../src/models/hub-address.ts';
import { type Fault, ggufBytes, LoopbackHub, sha256 } from '../../../tools/test/loopback-hub.ts';

export const text = ggufBytes(300_000, 1);
export const mmproj = ggufBytes(100_000, 2);
/** On the hub; `text.gguf` in the model's folder. */
export const textFile = 'o/r/text.gguf';

const publishedTower: TowerChoice = {
  chosen: null,
  standard: 'F16',
  quantize: () => Promise.reject(new Error('quantize was called')),
};

/** In memory, as every pull syncs files and folders. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

interface PullOptions extends Partial<HubAccess> {
  readonly name?: string;
  readonly sources?: PullFile[][];
  readonly acceptChange?: boolean;
  readonly tower?: Partial<TowerChoice>;
  readonly freeBytes?: number;
  readonly onEvent?: (event: PullEvent) => void;
}

/** A loopback hub with a repository `o/r`, and an empty models folder to pull it to. */
export class PullBench {
  readonly hub = new LoopbackHub();
  readonly models = mkdtempSync(join(memory, 'scenecast-pull-'));
  readonly events: PullEvent[] = [];

  static async open(): Promise<PullBench> {
    const bench = new PullBench();
    await bench.hub.start();
    bench.hub.files.set(textFile, text).set('o/r/mmproj.gguf', mmproj);
    bench.hub.files.set('o/r/config.json', Buffer.from('{}')).set('o/r/README.md', Buffer.from('#'));
    bench.hub.plainFiles.add('o/r/config.json').add('o/r/README.md');
    return bench;
  }

  async close(): Promise<void> {
    await this.hub.close();
    rmSync(this.models, { recursive: true });
  }

  /** Pulls hf:o/r/text.gguf as the model `m` by default. */
  pull(options: PullOptions = {}): Promise<PulledModel> {
    const { name = 'm', sources = [source('hf:o/r/text.gguf')], acceptChange = false, ...rest } = options;
    const { freeBytes = 1e12, onEvent, tower, ...access } = rest;
    return pullModel(
      { name, acceptChange, sources, tower: { ...publishedTower, ...tower } },
      this.models,
      {
        endpoints: { hf: this.hub.endpoint, modelscope: this.hub.endpoint },
        hfToken: null,
        proxyFor: () => null,
        onRetry: () => {},
        signal: new AbortController().signal,
        backoffMs: 1,
        idleTimeoutMs: 5000,
        attempts: 4,
        ...access,
      },
      (event) => {
        this.events.push(event);
        onEvent?.(event);
      },
      async () => freeBytes,
    );
  }

  /** A path in the model's folder. */
  path(...name: string[]): string {
    return join(this.models, 'm', ...name);
  }

  /** The reasons of all events of a kind. */
  said(type: PullEvent['type']): string[] {
    const events = this.events.filter((event) => event.type === type);
    return events.map((event) => ('reason' in event ? event.reason : ''));
  }

  /** Makes the first request for bytes fail. */
  breakFirst(fault: Fault): void {
    let isFirst = true;
    this.hub.fault = () => {
      const now = isFirst ? fault : null;
      isFirst = false;
      return now;
    };
  }

  /** Expects the right bytes under the final name, and no leftovers. */
  expectWhole(bytes = text): void {
    expect(sha256(readFileSync(this.path('text.gguf')))).toBe(sha256(bytes));
    expect(readdirSync(this.path())).toEqual(['text.gguf']);
    expect(readdirSync(this.models).sort()).toEqual(['m', 'models.lock.json']);
  }
}

/** A source of files that are pulled by address. */
export function source(...addresses: string[]): PullFile[] {
  return addresses.map((text) => {
    const address = parseAddress(text);
    return { address, name: fileNameOf(address), role: null, sha256: null };
  });
}
