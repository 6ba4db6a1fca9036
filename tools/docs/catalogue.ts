/**
 * Prints docs/models.md's table of the catalogue: projected description times on recorded boards.
 *
 *   npm run docs:catalogue               prints the table
 *   npm run docs:catalogue -- --shapes   first measures the models' shapes, and writes src/models/catalogue-shapes.json
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogueModels } from '../test/catalogue-models.ts';
import { measureShape } from './catalogue-shape.ts';
import { catalogueTable } from './catalogue-table.ts';

if (process.argv.includes('--shapes')) {
  const shapes: Record<string, object> = {};
  for (const [name, model] of Object.entries(catalogueModels)) shapes[name] = await measureShape(model);
  const path = join(import.meta.dirname, '../../src/models/catalogue-shapes.json');
  writeFileSync(path, `${JSON.stringify(shapes, null, 2)}\n`);
}
console.log(await catalogueTable());
