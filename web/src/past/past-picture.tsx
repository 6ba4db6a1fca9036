import type { WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { thumbnailAddress } from '../api.ts';
import { usePage } from '../page-context.ts';

/** The picture of a past description, or a grey frame if none was kept. */
export function PastPicture({
  entry: { number, picture, description },
}: {
  readonly entry: WindowHistoryEntry;
}) {
  const { texts } = usePage();
  if (picture)
    return <img class="thumbnail" src={thumbnailAddress(number)} alt={description ?? ''} loading="lazy" />;
  return <div class="thumbnail none" title={texts.past.noPicture} />;
}
