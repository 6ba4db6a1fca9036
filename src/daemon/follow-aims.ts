import { isDeepStrictEqual } from 'node:util';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Aims } from '../pipeline/aims.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Window } from '../web/window.ts';

/** Shows pages what was drawn. What was captured before a zone became private is neither described nor shown any more. */
export function followAims(
  aims: Aims,
  window: Pick<Window, 'aimed' | 'forgetPictures'>,
  pipeline: Pick<Pipeline, 'discardFrames'>,
  publisher: Pick<MqttPublisher, 'forgetImage'>,
): void {
  aims.onChange((camera, aim, before) => {
    window.aimed(camera, aim);
    if (isDeepStrictEqual(aim.privacy, before.privacy)) return;
    pipeline.discardFrames(camera);
    window.forgetPictures(camera);
    void publisher.forgetImage(camera);
  });
}
