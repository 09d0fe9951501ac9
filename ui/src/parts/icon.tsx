/** Pictures of a line or two, drawn by us; they say nothing to a screen reader: the word beside them does. */

const PATHS = {
  map: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14",
  alarm: "M12 3a6 6 0 0 1 6 6v4l2 4H4l2-4V9a6 6 0 0 1 6-6zM10 20h4",
  assets: "M8 8a3 3 0 1 0 .01 0M2.5 20c0-4 2.5-6 5.5-6s5.5 2 5.5 6M15 12h6v6h-4",
  sensor: "M3 12h4l3-8 4 16 3-8h4",
  findings: "M4 4h16v11h-5l-2 3h-2l-2-3H4zM8 8h8M8 11h5",
  gateway:
    "M12 13v8M8 21h8M12 11a1 1 0 1 0 .01 0M8.5 14.5a5 5 0 0 1 0-7M15.5 14.5a5 5 0 0 0 0-7M5.5 17a9 9 0 0 1 0-12M18.5 17a9 9 0 0 0 0-12",
  criteria: "M4 7h10M18 7h2M4 12h3M11 12h9M4 17h8M16 17h4M16 5v4M9 10v4M14 15v4",
  tags: "M4 5v14M7 5v14M10 5v10M13 5v14M16 5v10M20 5v14",
  users: "M9 11a3.5 3.5 0 1 0-.01 0M3 20c0-4 2.5-6 6-6s6 2 6 6M16 5a3 3 0 0 1 0 6M17 14c2.5 .5 4 2.5 4 6",
  token: "M8 15a4 4 0 1 1 3.500-6H21v4h-3v3h-3v-3h-3.500A4 4 0 0 1 8 15zM7.500 11h.01",
  audit: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  sound: "M4 9v6h4l5 4V5L8 9zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  muted: "M4 9v6h4l5 4V5L8 9zM16 9.5l5 5M21 9.5l-5 5",
  dark: "M20 14a8 8 0 1 1-10-10 7 7 0 0 0 10 10z",
  light:
    "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  auto: "M12 4a8 8 0 1 0 .01 0M12 4v16",
  out: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  close: "M6 6l12 12M18 6L6 18",
  layers: "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
  back: "M14 6l-6 6 6 6",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.5h.01M12 3a9 9 0 1 0 .01 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** What a kind of asset looks like, on the map and in lists: shape tells the kind, colour and fill the state. */
export const SHAPES: Record<string, string> = {
  person: "M12 4a8 8 0 1 0 .01 0z",
  machine: "M5 5h14v14H5z",
  material: "M12 4l9 16H3z",
  structure: "M12 3l8.5 6.200-3.200 10H6.700l-3.200-10z",
  sensor: "M12 2.5l9.5 9.5-9.5 9.5L2.5 12z",
  gateway: "M8 3h8v5h5v8h-5v5H8v-5H3V8h5z",
};

export function Shape({ kind, look, size = 14 }: { kind: string; look: string; size?: number }) {
  return (
    <svg class={`shape look-${look}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[kind] ?? SHAPES["sensor"] ?? ""} />
    </svg>
  );
}
