import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalogueTable } from '../../tools/docs/catalogue-table.ts';

test("docs/models.md has the table of the catalogue's projected times: npm run docs:catalogue", async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8');
  expect(page).toContain(await catalogueTable());
});
