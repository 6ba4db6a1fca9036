import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PastObservation } from '../../../src/domain/history.ts';
import type { HistoryBounds } from '../../../src/store/history/history-folder.ts';
import { HistoryReader } from '../../../src/store/history/history-reader.ts';
import { type HistorySource, HistoryWriter } from '../../../src/store/history/history-writer.ts';
import type { Notice, OutboxEntry } from '../../../src/store/outbox-protocol.ts';

/** What an observation is, apart from the defaults. */
export interface Told {
  readonly camera?: string;
  readonly text?: string | null;
  readonly answers?: PastObservation['answers'];
  /** The questions whose answers are uncertain. */
  readonly uncertain?: readonly string[];
  /** Default: a minute after the one before. */
  readonly at?: string;
}

export const dayMs = 86_400_000;
/** When the first observation is captured. */
export const startMs = Date.UTC(2026, 5, 1);

/** A history with a made outbox; entries can be added, lost from memory, and read. */
export class TestHistory implements HistorySource {
  id = 'outbox 1';
  readonly folder: string;
  readonly bounds: HistoryBounds;
  readonly notices: Notice[] = [];
  /** All that the outbox has. */
  readonly entries: OutboxEntry[] = [];
  writer: HistoryWriter;
  readonly #open: { close(): void }[] = [];

  constructor(bounds: Partial<HistoryBounds> = {}) {
    const scratch = mkdtempSync(join(tmpdir(), 'scenecast-history-'));
    this.folder = join(scratch, 'history-test');
    this.bounds = { folder: this.folder, maxAgeMs: 100_000 * dayMs, maxBytes: 1 << 30, ...bounds };
    this.writer = this.start();
    onTestFinished(() => {
      for (const each of this.#open) each.close();
      rmSync(scratch, { recursive: true, force: true });
    });
  }

  since(after: number, limit: number): readonly OutboxEntry[] {
    return this.entries.filter(({ seq }) => seq > after).slice(0, limit);
  }

  /** Another writer, as after a start; the one before, if it was not closed, is as after a crash. */
  start(bounds: Partial<HistoryBounds> = {}): HistoryWriter {
    this.writer = new HistoryWriter({ ...this.bounds, ...bounds }, this, (notice) =>
      this.notices.push(notice),
    );
    this.#open.push(this.writer);
    return this.writer;
  }

  /** Adds an observation to outbox and history. @returns its id */
  add({ camera = 'porch', text = 'Nothing moves.', answers = {}, uncertain, at }: Told = {}): string {
    const seq = this.entries.length + 1;
    const id = `id ${seq}`;
    const captured_at = at ?? new Date(startMs + seq * 60_000).toISOString();
    const description: PastObservation = {
      id,
      camera,
      captured_at,
      description: text,
      answers,
      trigger: 'change',
    };
    const judged = uncertain && judgedOf(answers, uncertain);
    const entry = { id, camera, seq, body: JSON.stringify({ description, judged }) };
    this.entries.push(entry);
    this.writer.added(entry);
    return id;
  }

  /** Lets the writer work until there is nothing to do. */
  work(): void {
    for (let steps = 0; this.writer.step() === 0; steps++)
      if (steps > 100_000) throw new Error('the writer does not come to an end');
  }

  /** Writes everything, in as many blocks as it takes. */
  flush(): void {
    while (this.writer.flushBlock());
  }

  /** @param maxReadMs default: on a busy machine too, no read ends early */
  reader(maxReadMs = Infinity): HistoryReader {
    const reader = new HistoryReader(this.folder, maxReadMs);
    this.#open.push(reader);
    return reader;
  }
}

/** As the publisher stores what answers are worth. */
function judgedOf(answers: PastObservation['answers'], uncertain: readonly string[]): object {
  const judged = Object.entries(answers).map(([question, answer]) => {
    const value = uncertain.includes(question) ? null : answer;
    return [question, { value, confidence: 0.5, isCalibrated: false }];
  });
  return Object.fromEntries(judged);
}
