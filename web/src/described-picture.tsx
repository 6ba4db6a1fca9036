import { usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import type { ShownPicture } from './use-shown-observation.ts';

/** The picture that was described; its sentence is its alternative text. */
export function DescribedPicture({
  observation: { image, description },
  picture,
}: {
  readonly observation: Observation;
  readonly picture: ShownPicture;
}) {
  const { texts } = usePage();
  if (typeof picture === 'object')
    return (
      <img
        class="picture"
        src={picture.address}
        width={image.width}
        height={image.height}
        alt={description ?? ''}
      />
    );
  const says = { loading: texts.now.waiting, missing: texts.now.noPicture, off: texts.now.picturesOff };
  // Of the same shape, so that nothing moves when the picture comes.
  return (
    <div class="picture empty" style={{ aspectRatio: `${image.width} / ${image.height}` }}>
      <p>{says[picture]}</p>
    </div>
  );
}
