/** Dots glide from where they were to where they are, so that the eye can follow; the truth is never far behind. */

export type LonLat = [number, number];

interface Leg {
  from: LonLat;
  to: LonLat;
  begun: number;
}

/** How long a dot takes to its new place [ms]. */
export const GLIDE_MS = 700;
/** A dot that is further off than this [degree] jumps: gliding over a whole site would lie about a road taken. */
const JUMP_DEG = 0.01;

/** Where a dot is between two places; share 0 is the first, 1 the second. */
export function between(from: LonLat, to: LonLat, share: number): LonLat {
  const s = Math.min(1, Math.max(0, share));
  const eased = s * s * (3 - 2 * s);
  return [from[0] + (to[0] - from[0]) * eased, from[1] + (to[1] - from[1]) * eased];
}

export class Glide {
  private readonly legs = new Map<string, Leg>();

  constructor(private readonly isStill: boolean) {}

  /** Tell where a dot is now. */
  moveTo(id: string, to: LonLat, nowMs: number): void {
    const leg = this.legs.get(id);
    if (leg && leg.to[0] === to[0] && leg.to[1] === to[1]) return;
    const from = leg && !this.isStill && isNear(leg.to, to) ? this.at(id, nowMs) : to;
    this.legs.set(id, { from: from ?? to, to, begun: nowMs });
  }

  forget(kept: ReadonlySet<string>): void {
    for (const id of this.legs.keys()) if (!kept.has(id)) this.legs.delete(id);
  }

  at(id: string, nowMs: number): LonLat | undefined {
    const leg = this.legs.get(id);
    return leg && between(leg.from, leg.to, (nowMs - leg.begun) / GLIDE_MS);
  }

  isMoving(nowMs: number): boolean {
    for (const { from, to, begun } of this.legs.values())
      if (from !== to && nowMs - begun < GLIDE_MS) return true;
    return false;
  }
}

function isNear(one: LonLat, other: LonLat): boolean {
  return Math.abs(one[0] - other[0]) < JUMP_DEG && Math.abs(one[1] - other[1]) < JUMP_DEG;
}
