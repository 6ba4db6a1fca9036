import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** Stands for every host name, while a test runs. */
export function resolveTo(...addresses: string[]): void {
  const answer = addresses.map((address) => ({ address, family: 4 }));
  // biome-ignore lint/suspicious/noExplicitAny: dns.lookup has many signatures, of which net uses one
  const lookup: any = (_name: string, _options: object, callback: (...result: unknown[]) => void) =>
    setImmediate(() => callback(null, answer));
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(lookup);
  onTestFinished(() => spy.mockRestore());
}

/**
 * An address of loopback, such as 127.0.0.2, that drops connections. @returns a function after which it forwards them to the
 * same port of 127.0.0.1, half a second later: one that was tried before is accepted after one second.
 */
export async function slowAddress(address: string, port: number): Promise<() => void> {
  const child = spawn('python3', [join(import.meta.dirname, 'slow-address.py'), address, String(port)]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return () => void child.stdin.write('\n');
}
