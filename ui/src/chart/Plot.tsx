/** A uPlot in the page: as wide as its room; new readings are drawn into it, new colours draw it anew. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../store/theme";
import type { Columns } from "./columns";
import { optionsOf, type Drawn } from "./plot";

interface PlotProps extends Drawn {
  columns: Columns;
  zone: string;
  unit: string;
  isBand: boolean;
  height: number;
  label: string;
}

export function Plot({ columns, zone, unit, isBand, height, label, ...drawn }: PlotProps) {
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef<Drawn>(drawn);
  latest.current = drawn;
  const colours = theme.value;

  useEffect(() => {
    const box = room.current;
    if (!box) return;
    const size = () => ({ width: Math.max(240, box.clientWidth), height });
    const options = optionsOf({ zone, unit, isBand, ...size() }, () => latest.current);
    const made = new uPlot(options, columns as uPlot.AlignedData, box);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [height, zone, unit, isBand, colours]);

  useEffect(() => plot.current?.setData(columns as uPlot.AlignedData), [columns, drawn.guides]);

  return <div class="plot" ref={room} role="img" aria-label={label} />;
}
