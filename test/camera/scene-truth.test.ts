import { describe, expect, it } from 'vitest';
import type { Scene, SceneColour, SceneShapeKind } from '../../src/camera/scene-layout.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import type { SceneQuestionKind } from '../../src/camera/scene-truth.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';

const size = { width: 640, height: 480 };
const scenes = Array.from({ length: 400 }, (_, seed) => sampleScene(seed, size));

function sceneOf(...shapes: [SceneColour, SceneShapeKind, number][]): Scene {
  const template = scenes.find((scene) => scene.shapes.length > 0)!;
  return {
    ...template,
    shapes: shapes.map(([colour, kind, cell]) => ({ ...template.shapes[0]!, colour, kind, cell })),
  };
}

function asked(scene: Scene, kind: SceneQuestionKind): string[] {
  return sceneTruth(scene)
    .questions.filter((question) => question.kind === kind)
    .map(({ question, answer }) => `${question} ${answer}`);
}

describe('sceneTruth', () => {
  it('captions shapes in cell order', () => {
    expect(sceneTruth(sceneOf()).caption).toBe('an empty scene');
    expect(sceneTruth(sceneOf(['red', 'circle', 4])).caption).toBe('a red circle in the center');
    expect(sceneTruth(sceneOf(['red', 'circle', 0], ['blue', 'square', 5])).caption).toBe(
      'a red circle at the top left and a blue square on the right',
    );
    expect(
      sceneTruth(sceneOf(['white', 'triangle', 1], ['green', 'square', 3], ['yellow', 'circle', 8])).caption,
    ).toBe('a white triangle at the top, a green square on the left and a yellow circle at the bottom right');
  });

  it('counts', () => {
    expect(asked(sceneOf(), 'count')).toEqual(['How many shapes are there? There are no shapes.']);
    expect(asked(sceneOf(['red', 'circle', 4]), 'count')).toEqual([
      'How many shapes are there? There is one shape.',
    ]);
    expect(asked(sceneOf(['red', 'circle', 4], ['red', 'circle', 5]), 'count')).toEqual([
      'How many shapes are there? There are two shapes.',
    ]);
  });

  it('affirms what is there and denies what is not', () => {
    let denied = 0;
    for (const scene of scenes) {
      const names = scene.shapes.map((shape) => `${shape.colour} ${shape.kind}`);
      const answers = asked(scene, 'is-there');
      expect(answers.length).toBe(names.length > 0 ? 2 : 1);
      for (const answer of answers) {
        const [, name, reply] = /^Is there a (.+)\? (Yes|No), there is (?:a|no) \1\.$/.exec(answer)!;
        expect(reply).toBe(names.includes(name!) ? 'Yes' : 'No');
        if (reply === 'No') denied++;
      }
    }
    expect(denied).toBe(scenes.length);
  });

  it('often denies a near miss', () => {
    const crowded = scenes.filter((scene) => scene.shapes.length === 1);
    const near = crowded.filter((scene) => {
      const [, colour, kind] = /No, there is no (\w+) (\w+)/.exec(asked(scene, 'is-there')[1]!)!;
      return scene.shapes.some((shape) => shape.colour === colour || shape.kind === kind);
    });
    expect(near.length / crowded.length).toBeGreaterThan(0.5);
    expect(near.length / crowded.length).toBeLessThan(0.9);
  });

  it('asks for the colour only of a kind that is there once', () => {
    expect(asked(sceneOf(['red', 'circle', 0], ['blue', 'circle', 5]), 'colour')).toEqual([]);
    expect(
      asked(sceneOf(['red', 'circle', 0], ['blue', 'circle', 5], ['white', 'square', 7]), 'colour'),
    ).toEqual(['What colour is the square? The square is white.']);
  });

  it('asks for the place only of a name that is there once', () => {
    expect(asked(sceneOf(['red', 'circle', 0], ['red', 'circle', 5]), 'where')).toEqual([]);
    expect(asked(sceneOf(['red', 'circle', 0], ['red', 'circle', 5], ['red', 'square', 7]), 'where')).toEqual(
      ['Where is the red square? The red square is at the bottom.'],
    );
  });
});
