import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, codeOf, messageOf } from '../domain/errors.ts';
import { stateFolder } from '../domain/state-folder.ts';

/** The state folder of scenecast.service; an installed package uses it by itself, see bin/run-node. */
const serviceFolder = '/var/lib/scenecast';
/** What a pull needs of the environment, which sudo drops. */
const keptVariables = [
  'HF_TOKEN',
  'HF_ENDPOINT',
  'MODELSCOPE_ENDPOINT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];

export interface StateFault {
  readonly fault: string;
  readonly remedy: string;
}

/**
 * Why this process must not use the state folder, and what to type instead; null: it may. What root writes into a folder of
 * the service's user would be of no use to the service.
 */
export function stateFault(need: 'read' | 'write', folder = stateFolder(process.env)): StateFault | null {
  const nearest = nearestFolder(folder);
  if (nearest !== folder && need === 'read') return null;
  const { uid } = statSync(nearest);
  const me = process.geteuid!();
  const isForeign = uid !== me && nearest === folder;
  if (me !== 0 || !isForeign || need === 'read')
    try {
      accessSync(nearest, constants.R_OK | constants.X_OK | (need === 'write' ? constants.W_OK : 0));
      return null;
    } catch (error) {
      if (!isForeign || codeOf(error) === 'EROFS')
        return {
          fault: `the state folder ${folder} cannot be used: ${messageOf(error)}`,
          remedy: 'check its permissions and its disk, or set STATE_DIRECTORY to another folder',
        };
    }
  const user = userName(uid) ?? `#${uid}`;
  return {
    fault: `the state folder ${folder} belongs to the user ${user}`,
    remedy: `type: ${commandAs(user, me === 0, folder)}`,
  };
}

/** @throws ConfigError as {@link stateFault} says */
export function requireState(need: 'read' | 'write'): void {
  const found = stateFault(need);
  if (found) throw new ConfigError(`${found.fault}\n${found.remedy}`);
}

/** The name of a user by /etc/passwd; null: it has none there. */
export function userName(uid: number): string | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find((fields) => fields[2] === String(uid))?.[0] ?? null;
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

/** This process's command line, for a shell, as another user. */
function commandAs(user: string, isRoot: boolean, folder: string): string {
  const names = [...keptVariables, ...keptVariables.map((name) => name.toLowerCase())];
  const kept = names.filter((name) => process.env[name]);
  const words = [
    ...(isRoot ? ['runuser', '-u', user, '--'] : ['sudo', '-u', user]),
    ...(isRoot || kept.length === 0 ? [] : [`--preserve-env=${kept.join(',')}`]),
    ...(folder === serviceFolder ? [] : ['env', `STATE_DIRECTORY=${folder}`]),
    'scenecast',
    ...process.argv.slice(2),
  ];
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
