import type { FastifyInstance, FastifyReply, RouteShorthandOptions } from 'fastify';
import type { z } from 'zod';
import { schemaFault } from '../contract/schema-fault.ts';
import { historyQuerySchema, marksQuerySchema, timelineQuerySchema } from '../contract/window-history.ts';
import type { PastObservations } from '../pipeline/ports.ts';
import { answerTimeline, historyMarks, historyPage } from './history-page.ts';
import { sendPicture } from './send-picture.ts';
import { WindowError } from './window-error.ts';

export interface HistoryRouteParts {
  /** null: none is kept. */
  readonly history: PastObservations | null;
  /** false: pictures are kept out of the window. */
  readonly hasPictures: boolean;
  /** How long after an answer of a camera the next one may come; undefined: as long as is usual. */
  readonly maxGapMs: (camera: string) => number | undefined;
}

/** What the page asks of the history. */
export function historyRoutes(
  scope: FastifyInstance,
  look: RouteShorthandOptions,
  { history, hasPictures, maxGapMs }: HistoryRouteParts,
): void {
  const kept = (): PastObservations => {
    if (history) return history;
    throw new WindowError(404, 'off', 'no history is kept');
  };
  scope.get('/window/history', look, async ({ query }) =>
    historyPage(kept(), read(query, historyQuerySchema)),
  );
  scope.get('/window/marks', look, async ({ query }) => historyMarks(kept(), read(query, marksQuerySchema)));
  scope.get('/window/timeline', look, async ({ query }) => {
    const asked = read(query, timelineQuerySchema);
    return answerTimeline(kept(), asked, maxGapMs(asked.camera));
  });
  scope.get<{ Params: { number: string } }>(
    '/window/history/:number',
    look,
    async ({ params }, reply): Promise<FastifyReply> => {
      const number = /^\d{1,15}$/.test(params.number) ? Number(params.number) : -1;
      return sendPicture(reply, hasPictures ? await kept().thumbnail(number) : null);
    },
  );
}

function read<Schema extends z.ZodType>(query: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  throw new WindowError(400, 'invalid', schemaFault(result.error, 'query'));
}
