import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import type { z } from 'zod';
import { schemaFault } from '../contract/schema-fault.ts';
import { labelQuerySchema, setLabelSchema, type WindowLabelTasks } from '../contract/window-labels.ts';
import type { LabelledPictures } from '../domain/label-task.ts';
import { sendPicture } from './send-picture.ts';
import { WindowError } from './window-error.ts';

export interface LabelRouteParts {
  /** null: none are kept, or pictures are kept out of the window. */
  readonly labels: LabelledPictures | null;
}

const maxTasks = 20;

/** Kept pictures to be labelled: for those who may change something, as labels do. */
export function labelRoutes(
  scope: FastifyInstance,
  change: RouteShorthandOptions,
  { labels }: LabelRouteParts,
): void {
  const kept = (): LabelledPictures => {
    if (labels) return labels;
    throw new WindowError(404, 'off', 'no pictures are kept to be labelled, or the config shows none');
  };
  scope.get('/window/labels', change, async ({ query }): Promise<WindowLabelTasks> => {
    const { camera, question } = read(query, labelQuerySchema, 'query');
    const questions = await kept().counts();
    const asked = questions.filter(
      (each) =>
        (camera === undefined || each.camera === camera) &&
        (question === undefined || each.question === question),
    );
    const chosen = asked.find(({ waiting }) => waiting > 0);
    const tasks = chosen ? await kept().tasks(chosen.camera, chosen.question, maxTasks) : [];
    return {
      questions,
      tasks: tasks.map(({ capturedAt, ...task }) => ({ ...task, captured_at: capturedAt.toISOString() })),
    };
  });
  scope.post('/window/labels', change, async ({ body }) => {
    const { camera, question, id, value } = read(body, setLabelSchema, 'body');
    await kept().label(camera, question, id, value);
    return {};
  });
  scope.get<{ Params: { camera: string; id: string } }>(
    '/window/labels/:camera/:id',
    change,
    async ({ params: { camera, id } }, reply) => sendPicture(reply, await kept().picture(camera, id)),
  );
}

function read<Schema extends z.ZodType>(value: unknown, schema: Schema, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new WindowError(400, 'invalid', schemaFault(result.error, what));
}
