import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where Scenecast keeps its state: systemd's state folder, else the user's. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const userState = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local/state');
  return env['STATE_DIRECTORY']?.split(':')[0] || join(userState, 'scenecast');
}

/** The state folder of a config; `configured` null: {@link stateFolder}. Relative paths are looked up in `folder`. */
export function stateFolderOf(configured: string | null, folder: string, env: NodeJS.ProcessEnv): string {
  return configured === null ? stateFolder(env) : resolve(folder, configured);
}
