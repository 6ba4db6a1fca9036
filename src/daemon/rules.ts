import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { Log } from '../pipeline/ports.ts';
import { RuleStates } from '../pipeline/rule-states.ts';
import { RulesFile } from '../store/rules-file.ts';

/** The states of the rules, with what the state folder keeps of them. */
export async function loadRuleStates(
  { store, device }: Config,
  folder: string,
  log: Log,
): Promise<RuleStates> {
  const path = join(stateFolderOf(store.folder, folder, process.env), `rules-${device}.json`);
  const states = new RuleStates(new RulesFile(path, log), log);
  await states.load();
  return states;
}
