import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CatalogueShape } from '../../src/models/catalogue.ts';
import { sizeModel } from '../../src/vision/one-shot/size-model.ts';
import {
  attentionWidthOf,
  type CatalogueModel,
  languageWeights,
  writeCatalogueModel,
} from '../test/catalogue-models.ts';

/** Has libmtmd lay a 1280x720 picture out for a model of this shape, and counts the weights. */
export async function measureShape(model: CatalogueModel): Promise<CatalogueShape> {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-catalogue-shape-'));
  try {
    const { text, mmproj } = writeCatalogueModel(folder, model);
    const { shapes, details } = await sizeModel({
      textPath: text,
      mmprojPath: mmproj,
      chatTemplate: 'vicuna',
      pictureSizes: [{ width: 1280, height: 720 }],
      prompts: ['Describe the scene.'],
      questions: [],
      ubatchSize: 576,
      cpuModule: null,
    });
    const { blocks, attentionWidth, weights } = shapes.tower;
    return {
      projector: model.projector,
      text: {
        blocks: model.language.blocks,
        attentionWidth: attentionWidthOf(model.language),
        weights: languageWeights(model.language),
      },
      tower: { blocks, attentionWidth, weights },
      projectorWeights: shapes.projectorWeights,
      pictures: details.map(({ detail, imageTokens, squares }) => ({
        detail,
        imageTokens,
        squares: [...squares],
      })),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
