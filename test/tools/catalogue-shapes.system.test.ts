import { expect, test } from 'vitest';
import { loadCatalogue } from '../../src/models/catalogue.ts';
import { measureShape } from '../../tools/docs/catalogue-shape.ts';
import { catalogueModels } from '../../tools/test/catalogue-models.ts';

const catalogue = loadCatalogue();

test('every model of the catalogue has a published shape', () => {
  expect(Object.keys(catalogueModels).sort()).toEqual(catalogue.map(({ name }) => name).sort());
});

// One model of each projector: libmtmd lays its pictures out.
const byProjector = new Map(catalogue.map(({ name, shape }) => [shape?.projector, name]));
// And one whose heads q8_0 does not divide.
test.each([...byProjector.values(), 'obsidian-3b'])(
  '%s has the shape that the catalogue says: npm run docs:catalogue -- --shapes',
  async (name) => {
    const { shape } = catalogue.find((entry) => entry.name === name)!;
    expect(await measureShape(catalogueModels[name]!)).toEqual(shape);
  },
  60_000,
);
