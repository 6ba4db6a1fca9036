import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';

// Debian's own Python: the bindings work only with it.
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'rtsp-server.py');

export interface RtspServerOptions {
  /** `user:password`, required from every client. */
  readonly credentials?: string;
  readonly auth?: 'basic' | 'digest';
  /** In frames, at 10 fps. */
  readonly keyFrameEvery?: number;
}

/** GStreamer's RTSP server on loopback, in a process that can be frozen, killed and started again. */
export class RtspServer {
  readonly #options: RtspServerOptions;
  #port = 0;
  #child: ChildProcess | null = null;

  constructor(options: RtspServerOptions = {}) {
    this.#options = options;
  }

  /** The address of `/h264`, `/mjpeg` or `/audio`. */
  address(path: string): string {
    return `rtsp://127.0.0.1:${this.#port}/${path}`;
  }

  /** Starts the process, on the same port as before; resolves once it listens. */
  async start(): Promise<void> {
    const { credentials, auth = 'digest', keyFrameEvery = 10 } = this.#options;
    this.#port ||= await freePort();
    const args = ['--port', `${this.#port}`, '--auth', auth, '--key-frame-every', `${keyFrameEvery}`];
    const env = { ...process.env, ...(credentials === undefined ? {} : { CREDENTIALS: credentials }) };
    const child = spawn(python, [script, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    onTestFinished(() => this.kill());
    await once(child.stdout!, 'data');
  }

  /** SIGSTOP: connections stay open without data. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child?.kill('SIGKILL')) await once(child, 'exit');
  }
}

/** What the server lacks on this machine; null: nothing. */
export function rtspServerLacks(): string | null {
  try {
    execFileSync(python, [script, '--check'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly';
  }
}
