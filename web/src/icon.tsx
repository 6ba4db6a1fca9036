/** One small set; each stands beside its word. */
const paths = {
  now: 'M12 5c5 0 8.5 4.5 9.5 7-1 2.500-4.500 7-9.500 7s-8.500-4.500-9.500-7c1-2.500 4.500-7 9.500-7zm0 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  past: 'M12 3a9 9 0 1 1-9 9M12 7v5l3.500 2M3 5v5h5',
  aim: 'M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  board: 'M6 6h12v12H6zM9 3v3M15 3v3M9 18v3M15 18v3M3 9h3M3 15h3M18 9h3M18 15h3',
  rules: 'M4 6h10M4 12h10M4 18h6M17 11l2 2 4-5M15 18h5',
  teach: 'M5 4h14v10H5zM8 18l3 3 6-6',
  options: 'M4 7h9M19 7h1M4 17h1M11 17h9M16 4v6M8 14v6',
} as const;

export function Icon({ name }: { readonly name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
