import { answeringRole, describingRole, type ModelRole, modelRoles } from '../domain/model-role.ts';
import { isVideoAddress } from '../domain/video-address.ts';
import type { Config } from './schema.ts';

const picturePath =
  /\.(jpe?g|mjpe?g|png)\b|mjpe?g|snap|jpg\/image|action=(stream|snapshot)|\/(capture|picture|image\.cgi)\b/i;

/** What could be better in a valid config, one line each: field and remedy. */
export function configAdvice(config: Config): string[] {
  return [...addressAdvice(config), ...modelAdvice(config), ...confidenceAdvice(config)];
}

function addressAdvice({ cameras }: Config): string[] {
  return Object.entries(cameras).flatMap(([name, { source }]) => {
    if (source.type !== 'ffmpeg' || !/^https?:\/\//i.test(source.input)) return [];
    const path = source.input.replace(/^\w+:\/\/[^/?#]*/, '');
    if (!picturePath.test(path) || isVideoAddress(path)) return [];
    return [
      `cameras.${name}.source.input: seems to be the address of a picture or of motion JPEG; use type: http with url in place of input, which needs no ffmpeg and recognises faulty pictures`,
    ];
  });
}

function confidenceAdvice({ cameras, engine }: Config): string[] {
  if (typeof engine === 'string') return [];
  return Object.entries(cameras).flatMap(([name, { questions }]) =>
    Object.entries(questions)
      .filter(([, question]) => 'min_confidence' in question && question.min_confidence > 0)
      .map(
        ([question]) =>
          `cameras.${name}.questions.${question}.min_confidence: has no effect, as answers of an engine server have no confidence; use engine: own or pool`,
      ),
  );
}

function modelAdvice({ cameras, models, mqtt, work, serve }: Config): string[] {
  if (models === null || mqtt.commands.ask) return [];
  const used = new Set<ModelRole>([
    ...(work.pool === null && serve.listen === null ? [] : [describingRole]),
    ...Object.values(cameras).flatMap(({ model, questions }) => [
      model ?? describingRole,
      ...Object.values(questions).map((question) => question.model ?? answeringRole),
    ]),
  ]);
  return modelRoles
    .filter((role) => !used.has(role))
    .map(
      (role) =>
        `models.${role}: no camera or question uses it; use the other one as model, which takes less memory`,
    );
}
