import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { FfmpegCamera, type FfmpegOptions } from '../../src/camera/ffmpeg.ts';
import { CameraError } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';

/** A camera with its log lines, closed when the test ends. */
export class TestCamera extends FfmpegCamera {
  readonly logged: string[];
  readonly #pace: { intervalMs: number };

  constructor(
    options: Partial<Omit<FfmpegOptions, 'intervalMs'>> & {
      readonly input: string;
      readonly intervalMs?: number;
    },
  ) {
    const pace = { intervalMs: options.intervalMs ?? 200 };
    const logged: string[] = [];
    const write = (fields: object, message: string): void => {
      logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    super('porch', {
      transport: 'tcp',
      username: null,
      passwordFile: null,
      rotation: 0,
      size: null,
      stallMs: 8000,
      log: { debug: write, info: write, warn: write, error: write },
      ...options,
      intervalMs: () => pace.intervalMs,
    });
    this.logged = logged;
    this.#pace = pace;
    onTestFinished(() => this.close());
  }

  /** Sets the time between two captures. */
  set intervalMs(intervalMs: number) {
    this.#pace.intervalMs = intervalMs;
  }

  /** One look. */
  look(): Promise<Picture> {
    return this.capture(new AbortController().signal);
  }

  /** Looks until there is a picture, as the pipeline does. */
  async picture(): Promise<Picture> {
    for (;;) {
      try {
        return await this.look();
      } catch (error) {
        if (!(error instanceof CameraError)) throw error;
        await sleep(1000);
      }
    }
  }

  /** Looks at the camera's interval until that fails. @returns the error's message */
  async fault(): Promise<string> {
    for (;;) {
      try {
        await this.look();
      } catch (error) {
        if (error instanceof CameraError) return error.message;
        throw error;
      }
      await sleep(200);
    }
  }
}

/** The ids of this process's ffmpeg children. */
export function ffmpegChildren(): number[] {
  const threads = readdirSync('/proc/self/task');
  const pids = threads.flatMap((id) =>
    readFileSync(`/proc/self/task/${id}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return pids.filter((pid) => commandLine(pid).split('\0').includes('ffmpeg'));
}

/** A process's arguments, each followed by NUL; empty if it has exited. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** The colour at a place of the picture, each from 0 to 1; to the next multiple of 64. */
export async function colourAt({ bytes, size }: Picture, x: number, y: number): Promise<string> {
  const pixels = await sharp(bytes).removeAlpha().raw().toBuffer();
  const offset = 3 * (Math.floor(y * (size.height - 1)) * size.width + Math.floor(x * (size.width - 1)));
  return [0, 1, 2].map((channel) => Math.round(pixels[offset + channel]! / 64) * 64).join(' ');
}

/** A clip of one colour, 64x48 at 10 fps. */
export function saveClip(path: string, colour: string, seconds: number): void {
  const graph = `color=${colour}:size=64x48:rate=10:duration=${seconds}`;
  execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', graph, '-y', path]);
}
