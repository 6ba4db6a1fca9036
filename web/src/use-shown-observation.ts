import { useEffect, useState } from 'preact/hooks';
import { pictureAddress } from './api.ts';
import type { Observation } from './page-state.ts';

/** loading: on its way, with nothing to show meanwhile. missing: the daemon has none. off: the config shows none. */
export type ShownPicture = 'loading' | 'missing' | 'off' | { readonly address: string };

interface Shown {
  readonly observation: Observation | null;
  readonly picture: ShownPicture;
}

/** A picture over a bad connection must not keep the sentence back for longer. */
const maxWaitMs = 5000;

/**
 * The observation to show: the newest one once its picture is here, so that a sentence never stands beside the picture of
 * another.
 */
export function useShownObservation(newest: Observation | null, hasPictures: boolean): Shown {
  const [shown, setShown] = useState<Shown>({ observation: null, picture: 'loading' });
  useEffect(() => {
    if (!newest) return;
    if (!hasPictures) return setShown({ observation: newest, picture: 'off' });
    const address = pictureAddress(newest.id);
    const image = new Image();
    let isOver = false;
    const show = (picture: ShownPicture): void => {
      if (!isOver) setShown({ observation: newest, picture });
    };
    // The first one is shown without waiting: there is nothing else.
    setShown((before) => (before.observation ? before : { observation: newest, picture: 'loading' }));
    const timer = setTimeout(() => show('loading'), maxWaitMs);
    image.onload = () => {
      clearTimeout(timer);
      show({ address });
    };
    image.onerror = () => {
      clearTimeout(timer);
      show('missing');
    };
    image.src = address;
    return () => {
      isOver = true;
      clearTimeout(timer);
      image.onload = null;
      image.onerror = null;
    };
  }, [newest?.id, hasPictures]);
  return shown;
}
