export interface BarPart {
  readonly name: string;
  readonly size: number;
  /** The size in words. */
  readonly text: string;
  /** Not coloured: what is left. */
  readonly isRest?: boolean;
}

const colours = 6;

/** Parts of a whole as one bar, with a legend that says the same in words. */
export function StackedBar({ parts }: { readonly parts: readonly BarPart[] }) {
  const whole = parts.reduce((sum, { size }) => sum + size, 0) || 1;
  let from = 0;
  const placed = parts.map((part, index) => {
    const x = from;
    const width = (part.size / whole) * 100;
    from += width;
    return { ...part, x, width, colour: part.isRest ? 'rest' : `c${index % colours}` };
  });
  return (
    <figure class="stacked">
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {placed.map(({ name, x, width, colour }) => (
          <rect key={name} class={colour} x={x} y={0} width={width} height={4} />
        ))}
      </svg>
      <figcaption>
        <ul>
          {placed.map(({ name, text, colour }) => (
            <li key={name}>
              <span class={`swatch ${colour}`} aria-hidden="true" /> {name} <strong>{text}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}
