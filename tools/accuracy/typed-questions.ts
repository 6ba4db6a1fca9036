import { SCENE_COLOURS, SCENE_SHAPES, type Scene } from '../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { SCENE_PLACES } from '../../src/camera/scene-truth.ts';
import type { LabelledQuestion, LabelledType } from '../../src/domain/label.ts';
import type { Answer } from '../../src/domain/observation.ts';

/** A question about a drawn scene with its right answer. */
export interface TypedQuestion {
  readonly question: LabelledQuestion;
  readonly truth: Answer;
}

/** As the demo model was trained to be asked for a word. */
export const shortly = '\nAnswer the question using a single word or phrase.';

// As it was trained to answer.
const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const colours: LabelledType = { kind: 'enum', values: SCENE_COLOURS.map(capitalised) };
const places: LabelledType = { kind: 'enum', values: SCENE_PLACES.map(capitalised) };

/**
 * Questions of each type about a scene: whether there is something, twice of what is there as far as it is, twice of what
 * is much like it; how many shapes there are; the colour of each kind, and the place of each shape, that is there once.
 * They follow from the scene's seed.
 */
export function typedQuestions({ seed, shapes }: Scene): TypedQuestion[] {
  const random = sceneRandom(seed, 2);
  const present = [...new Set(shapes.map(({ colour, kind }) => `${colour} ${kind}`))];
  const absent = SCENE_COLOURS.flatMap((colour) => SCENE_SHAPES.map((kind) => ({ colour, kind })))
    .filter(({ colour, kind }) => !present.includes(`${colour} ${kind}`))
    .filter(
      (near) =>
        shapes.length === 0 ||
        shapes.some(({ colour, kind }) => colour === near.colour || kind === near.kind),
    )
    .map(({ colour, kind }) => `${colour} ${kind}`);
  const pick = (names: string[]): string => names.splice(random.below(names.length), 1)[0]!;
  const asked: TypedQuestion[] = [];
  const ask = (name: string, words: string, type: LabelledType, truth: Answer): void => {
    asked.push({ question: { name, ask: words + shortly, type }, truth });
  };
  for (let index = 0; index < 4; index++) {
    const isThere = index % 2 === 0 && present.length > 0;
    ask(`there_${index}`, `Is there a ${pick(isThere ? present : absent)}?`, { kind: 'boolean' }, isThere);
  }
  ask('count', 'How many shapes are there?', { kind: 'integer', min: 0, max: 9 }, shapes.length);
  for (const shape of shapes) {
    const { kind, colour, cell } = shape;
    const others = shapes.filter((other) => other !== shape);
    if (others.every((other) => other.kind !== kind))
      ask(`colour_${kind}`, `What colour is the ${kind}?`, colours, capitalised(colour));
    if (others.every((other) => other.kind !== kind || other.colour !== colour))
      ask(`where_${cell}`, `Where is the ${colour} ${kind}?`, places, capitalised(SCENE_PLACES[cell]!));
  }
  return asked;
}
