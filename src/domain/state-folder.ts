import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where Scenecast keeps its state: systemd's state folder, else the user's. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const userState = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local/state');
  return env['STATE_DIRECTORY']?.split(':')[0] || join(userState, 'scenecast');
}
