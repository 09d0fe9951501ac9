/** The thresholds of a chart in words, the gravest first, and which of them lie beyond it. */

import type { Shown, Threshold } from "../api/contract";
import { Level } from "../parts/basics";
import { linesOf, thresholdWords, whereabouts, type Span } from "./thresholds";

interface ThresholdKeyProps {
  thresholds: Threshold[];
  unit: Shown;
  axis: Span | null;
}

export function ThresholdKey({ thresholds, unit, axis }: ThresholdKeyProps) {
  if (thresholds.length === 0) {
    return <p class="muted chart-note">No criterion in force watches these readings.</p>;
  }
  return (
    <ul class="thresholds" aria-label="Thresholds that watch these readings">
      {thresholds.map((each, index) => {
        const where = whereabouts(linesOf(each, unit), axis);
        return (
          <li key={index}>
            <Level level={each.level} isWorded />
            <span>
              <b>{each.title}</b>: {thresholdWords(each, unit)}
              {where && <em>, {where}</em>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
