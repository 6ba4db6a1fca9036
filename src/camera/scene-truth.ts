import type { Scene, SceneColour, SceneShape, SceneShapeKind } from './scene-layout.ts';
import { SCENE_COLOURS, SCENE_SHAPES } from './scene-layout.ts';
import type { SceneRandom } from './scene-random.ts';
import { sceneRandom } from './scene-random.ts';

export type SceneQuestionKind = 'count' | 'is-there' | 'colour' | 'where';

export interface SceneQuestion {
  readonly kind: SceneQuestionKind;
  readonly question: string;
  readonly answer: string;
}

/** What is in a scene. Only for judging the engine's answers, never for producing them. */
export interface SceneTruth {
  readonly caption: string;
  readonly questions: readonly SceneQuestion[];
}

/** Of a shape, by its cell. */
export const SCENE_PLACES = [
  'at the top left',
  'at the top',
  'at the top right',
  'on the left',
  'in the center',
  'on the right',
  'at the bottom left',
  'at the bottom',
  'at the bottom right',
] as const;

const COUNTS = ['no shapes', 'one shape', 'two shapes', 'three shapes'] as const;

type Name = `${SceneColour} ${SceneShapeKind}`;

/**
 * The caption of a scene, its shapes in cell order, and questions with their answers: the count, an
 * "is there" to be denied, and where the scene defines them one each of an "is there" to be
 * affirmed, a colour and a place. Pure; which shape is asked about follows from the scene's seed.
 */
export function sceneTruth(scene: Scene): SceneTruth {
  const random = sceneRandom(scene.seed, 1);
  const { shapes } = scene;
  const questions: SceneQuestion[] = [
    {
      kind: 'count',
      question: 'How many shapes are there?',
      answer: `There ${shapes.length === 1 ? 'is' : 'are'} ${COUNTS[shapes.length]}.`,
    },
  ];
  if (shapes.length > 0) {
    const name = nameOf(random.pick(shapes));
    questions.push({
      kind: 'is-there',
      question: `Is there a ${name}?`,
      answer: `Yes, there is a ${name}.`,
    });
  }
  const absent = absentName(random, shapes);
  questions.push({
    kind: 'is-there',
    question: `Is there a ${absent}?`,
    answer: `No, there is no ${absent}.`,
  });
  const onlyOfKind = shapes.filter((shape) =>
    shapes.every((other) => other === shape || other.kind !== shape.kind),
  );
  if (onlyOfKind.length > 0) {
    const { kind, colour } = random.pick(onlyOfKind);
    questions.push({
      kind: 'colour',
      question: `What colour is the ${kind}?`,
      answer: `The ${kind} is ${colour}.`,
    });
  }
  const onlyOfName = shapes.filter((shape) =>
    shapes.every((other) => other === shape || nameOf(other) !== nameOf(shape)),
  );
  if (onlyOfName.length > 0) {
    const shape = random.pick(onlyOfName);
    questions.push({
      kind: 'where',
      question: `Where is the ${nameOf(shape)}?`,
      answer: `The ${nameOf(shape)} is ${SCENE_PLACES[shape.cell]}.`,
    });
  }
  return { caption: captionOf(shapes), questions };
}

function captionOf(shapes: readonly SceneShape[]): string {
  const parts = shapes.map((shape) => `a ${nameOf(shape)} ${SCENE_PLACES[shape.cell]}`);
  if (parts.length < 2) return parts[0] ?? 'an empty scene';
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** A name that is not in the scene; every second one shares its colour or its kind with a shape that is. */
function absentName(random: SceneRandom, shapes: readonly SceneShape[]): Name {
  const present = new Set(shapes.map(nameOf));
  const absent = SCENE_COLOURS.flatMap((colour) =>
    SCENE_SHAPES.map((kind) => ({ colour, kind })).filter((shape) => !present.has(nameOf(shape))),
  );
  const nearMisses = absent.filter((candidate) =>
    shapes.some((shape) => shape.colour === candidate.colour || shape.kind === candidate.kind),
  );
  const near = random.chance(0.5) && nearMisses.length > 0;
  return nameOf(random.pick(near ? nearMisses : absent));
}

function nameOf(shape: { readonly colour: SceneColour; readonly kind: SceneShapeKind }): Name {
  return `${shape.colour} ${shape.kind}`;
}
