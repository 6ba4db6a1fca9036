import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface SdNotifyAddon {
  /**
   * Sends one datagram without waiting. `socket`: an absolute path, or `@` and the name of an abstract socket.
   * @throws Error with the system's `errno` as a number: EAGAIN where the receiver's queue is full, and others
   */
  send(socket: string, message: string): void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
let loaded: SdNotifyAddon | null = null;

/** Loads the addon (native/sd-notify). @throws Error that names scripts/build-sd-notify.sh if it is not built */
export function loadSdNotifyAddon(): SdNotifyAddon {
  const path = `${root}build/native/sd-notify.node`;
  if (!loaded && !existsSync(path))
    throw new Error(`${path} is missing: build it with scripts/build-sd-notify.sh`);
  loaded ??= createRequire(import.meta.url)(path) as SdNotifyAddon;
  return loaded;
}
