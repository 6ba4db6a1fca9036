/**
 * Checks .github/workflows with GitHub's own parser (keys, expressions, schedules, job dependencies), and that every action
 * is pinned to a major version.
 *
 *   node tools/check/workflows.ts     prints one line per fault, exits with 1 if there are any
 */
import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

// The parser imports JSON without an import attribute, which only bundlers allow.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
  },
});
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import(
  '@actions/workflow-parser'
);

/** One line for each fault of a workflow. */
export async function workflowFaults(name: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  const unpinned = content
    .split('\n')
    .map((line, index) => ({ line: index + 1, action: /^\s*(?:- )?uses:\s*(\S+)/.exec(line)?.[1] }))
    .filter(({ action }) => action !== undefined && !/^[\w./-]+@v\d+$/.test(action))
    .map(
      ({ line, action }) =>
        `${name} (Line: ${line}): ${action} is not pinned to a major version, such as @v5`,
    );
  return [...context.errors.getErrors().map(({ message }) => message), ...unpinned];
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '../../.github/workflows');
  for (const name of globSync('*.{yml,yaml}', { cwd: folder }))
    for (const fault of await workflowFaults(name, readFileSync(join(folder, name), 'utf8'))) {
      console.error(`.github/workflows/${fault}`);
      process.exitCode = 1;
    }
}
