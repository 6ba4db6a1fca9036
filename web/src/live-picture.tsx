import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { liveAddress } from './api.ts';
import { useBoardNow, usePage } from './page-context.ts';

interface LivePictureProps {
  readonly id: string;
  readonly name: string;
  /** false: the config shows no pictures. */
  readonly isOn: boolean;
  /** When the newest look was, as far as the gate says; null: not known. */
  readonly lookedAt: string | null;
  /** Drawn on the picture. */
  readonly children: ComponentChildren;
}

/** A camera without a gate does not say when it looked. */
const reloadMs = 5000;

/** The picture of a camera's newest look, replaced as a whole once the next one is here. */
export function LivePicture({ id, name, isOn, lookedAt, children }: LivePictureProps) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const [shown, setShown] = useState<{ readonly address: string; readonly aspect: number } | null>(null);
  // The browser may still have what was at the same address before.
  const [openedMs] = useState(Date.now);
  const tick = Math.floor(now / reloadMs);
  const look = lookedAt ?? tick;
  useEffect(() => {
    if (!isOn) return;
    const next = liveAddress(id, `${look} ${openedMs}`);
    const image = new Image();
    image.onload = () => setShown({ address: next, aspect: image.naturalWidth / image.naturalHeight });
    image.src = next;
    return () => {
      image.onload = null;
    };
  }, [id, isOn, look]);
  return (
    <figure class="live">
      <div class="stage-area" style={shown ? { width: `min(100%, calc(80vh * ${shown.aspect}))` } : {}}>
        {shown === null ? (
          <div class="picture empty blank">
            <p>{isOn ? texts.aim.noLook : texts.now.picturesOff}</p>
          </div>
        ) : (
          <img class="picture" src={shown.address} alt={texts.aim.live(name)} draggable={false} />
        )}
        {children}
      </div>
      {lookedAt !== null && (
        <figcaption class="facts">
          <time dateTime={lookedAt} title={format.moment(lookedAt)}>
            {texts.aim.age(format.ago(lookedAt, now))}
          </time>
        </figcaption>
      )}
    </figure>
  );
}
