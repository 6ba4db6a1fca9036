/**
 * Copies the project's sources, and more of the repository's folders, as JavaScript, as they are installed.
 *
 *   node tools/package/stage-sources.ts PROJECT [FOLDER...]
 */
import { join } from 'node:path';
import { copyAsJavaScript, stageSources } from './javascript.ts';

const repository = join(import.meta.dirname, '../..');
const [project, ...folders] = process.argv.slice(2);
if (project === undefined) throw new Error('name the folder to write to');
stageSources(project, repository);
for (const folder of folders) copyAsJavaScript(join(repository, folder), join(project, folder));
