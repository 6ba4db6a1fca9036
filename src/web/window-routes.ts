import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WindowBoard } from '../contract/window.ts';
import { messageOf } from '../domain/errors.ts';
import type { LabelledPictures } from '../domain/label-task.ts';
import type { Log, PastObservations } from '../pipeline/ports.ts';
import type { EventStream } from './event-stream.ts';
import type { GateHistory } from './gate-history.ts';
import { historyRoutes } from './history-routes.ts';
import type { KeptPictures } from './kept-pictures.ts';
import { labelRoutes } from './label-routes.ts';
import { sendPicture } from './send-picture.ts';
import type { WindowAccess } from './window-access.ts';
import type { WindowCommands } from './window-commands.ts';
import { WindowError, windowErrorOf } from './window-error.ts';
import type { WindowFeed } from './window-feed.ts';

export interface WindowRouteParts {
  /** Their names. */
  readonly cameras: readonly string[];
  readonly access: WindowAccess;
  readonly feed: WindowFeed;
  readonly stream: EventStream;
  readonly gates: GateHistory;
  /** null: pictures are kept out of the window. */
  readonly pictures: KeptPictures | null;
  readonly commands: WindowCommands;
  readonly board: () => Promise<WindowBoard>;
  /** null: none is kept. */
  readonly history: PastObservations | null;
  /** How long after an answer of a camera the next one may come; undefined: as long as is usual. */
  readonly maxGapMs: (camera: string) => number | undefined;
  /** null: none are kept, or pictures are kept out of the window. */
  readonly labels: LabelledPictures | null;
  readonly log: Log;
}

/** Commands are small. */
const bodyLimit = 16_384;

/** What the page asks of the daemon. */
export function windowRoutes(scope: FastifyInstance, parts: WindowRouteParts): void {
  const { access, gates, commands, board } = parts;
  answerFaults(scope, parts.log);
  // Forms of other sites can send text, but not JSON.
  scope.removeContentTypeParser('text/plain');

  scope.get('/window/session', async (request) => access.session(request));
  scope.post('/window/login', { bodyLimit }, async (request, reply) => access.login(request, reply));
  scope.post('/window/logout', { bodyLimit }, async (request, reply) => access.logout(request, reply));

  const look = {
    onRequest: async (request: Pick<FastifyRequest, 'headers'>) => void access.mayLook(request),
  };
  scope.get('/window/events', { exposeHeadRoute: false }, async (request, reply) =>
    follow(parts, request, reply),
  );
  scope.get('/window/board', look, async () => board());
  scope.get<{ Params: { id: string } }>('/window/pictures/:id', look, async ({ params: { id } }, reply) =>
    sendPicture(reply, (await parts.pictures?.ofObservation(id)) ?? null),
  );
  scope.get<{ Params: { camera: string } }>('/window/cameras/:camera/live', look, async ({ params }, reply) =>
    sendPicture(reply, (await parts.pictures?.ofLook(known(parts, params.camera))) ?? null),
  );
  scope.get<{ Params: { camera: string } }>('/window/cameras/:camera/gate', look, async ({ params }) =>
    gates.of(known(parts, params.camera)),
  );
  historyRoutes(scope, look, { ...parts, hasPictures: parts.pictures !== null });

  const change = {
    bodyLimit,
    onRequest: async (request: Pick<FastifyRequest, 'headers'>) => access.mayChange(request),
  };
  scope.post('/window/commands/describe', change, async ({ body }) => commands.describe(body));
  scope.post('/window/commands/watch', change, async ({ body }) => commands.watch(body));
  scope.post('/window/commands/unwatch', change, async ({ body }) => commands.unwatch(body));
  labelRoutes(scope, change, parts);
  scope.post('/window/commands/feedback', change, async ({ body }) => commands.feedback(body));
  scope.post('/window/commands/ask', change, async ({ body }) => commands.ask(body));
  scope.post<{ Params: { camera: string } }>(
    '/window/cameras/:camera/aim',
    change,
    async ({ params, body }) => commands.aim(known(parts, params.camera), body),
  );
  scope.post<{ Params: { camera: string; setting: string } }>(
    '/window/cameras/:camera/set/:setting',
    change,
    async ({ params: { camera, setting }, body }) => commands.set(known(parts, camera), setting, body),
  );
}

/** Answers with events until the reader leaves or its session ends. */
function follow(
  { access, feed, stream }: WindowRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { role, ended } = access.mayLook(request);
  if (!stream.hasRoom)
    throw new WindowError(503, 'busy', 'too many pages are open; close one', { retryAfterSeconds: 30 });
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'Content-Type': 'text/event-stream; charset=utf-8',
    // nginx would collect the events.
    'X-Accel-Buffering': 'no',
  });
  stream.add(reply.raw, feed.state(role), ended);
}

function known({ cameras }: WindowRouteParts, camera: string): string {
  if (cameras.includes(camera)) return camera;
  throw new WindowError(404, 'unknown', `there are these cameras: ${cameras.join(', ')}`);
}

function answerFaults(scope: FastifyInstance, log: Log): void {
  scope.setErrorHandler(async (error, { routeOptions }, reply) => {
    const { status, code, message, retryAfterSeconds } = windowErrorOf(error);
    const level = status === 500 ? 'warn' : 'debug';
    // Without parameters and query.
    const path = routeOptions.url ?? '';
    log[level]({ path, status, reason: messageOf(error) }, 'request to the window refused');
    if (retryAfterSeconds !== null) reply.header('Retry-After', retryAfterSeconds);
    reply.code(status);
    return { code, message };
  });
}
