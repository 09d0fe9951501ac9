import { useEffect, useState } from "preact/hooks";
import type { Datastream } from "../api/contract";
import { get, withQuery, wordsOf } from "../api/client";
import { Ago, Empty, Flag, Head, Loading, Trouble } from "../parts/basics";
import { reading, words } from "../format/value";
import { href } from "../store/route";
import { world } from "../store/screen";

const PAGE = 200;
type Listing = { datastreams: Datastream[]; next: string | number | null };

export function Sensors() {
  const [rows, setRows] = useState<Datastream[] | null>(null);
  const [next, setNext] = useState<string | number | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [sought, seek] = useState("");
  const read = (after: string | number | null) => {
    setTrouble(null);
    get<Listing>(withQuery("/api/datastreams", { limit: PAGE, after }))
      .then((page) => {
        setRows((all) => (after === null ? page.datastreams : [...(all ?? []), ...page.datastreams]));
        setNext(page.next);
      })
      .catch((error: unknown) => setTrouble(wordsOf(error)));
  };
  useEffect(() => read(null), []);
  const found = rows?.filter((row) =>
    `${row.name} ${row.title ?? ""}`.toLowerCase().includes(sought.toLowerCase()),
  );
  return (
    <section>
      <Head title="Sensors">
        <input
          type="search"
          placeholder="Thing or property"
          aria-label="Find datastreams among those read"
          value={sought}
          onInput={(event) => seek(event.currentTarget.value)}
        />
      </Head>
      {trouble && <Trouble words={trouble} onRetry={() => read(next)} />}
      {!found && !trouble && <Loading what="the datastreams" />}
      {found?.length === 0 && (
        <Empty title={sought ? "Nothing matches." : "No sensor has been heard."}>
          {sought && next !== null
            ? "Not all have been read yet."
            : "Datastreams appear with their first reading."}
        </Empty>
      )}
      {found && found.length > 0 && <StreamTable streams={found} />}
      {next !== null && (
        <button type="button" class="button" onClick={() => read(next)}>
          More
        </button>
      )}
    </section>
  );
}

interface StreamTableProps {
  streams: Datastream[];
  chosen?: string | number | undefined;
  onChoose?: (stream: Datastream) => void;
}

/** Datastreams with their newest value, which the live socket keeps new. */
export function StreamTable({ streams, chosen, onChoose }: StreamTableProps) {
  return (
    <div class="table-room">
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Datastream</th>
            <th scope="col">Property</th>
            <th scope="col" class="number">
              Latest
            </th>
            <th scope="col">Quality</th>
            <th scope="col">Heard</th>
            {onChoose && <th scope="col">Chart</th>}
          </tr>
        </thead>
        <tbody>
          {streams.map((stream) => {
            const latest = world.value.latest.get(String(stream.id)) ?? stream.latest;
            return (
              <tr key={stream.id} class={chosen === stream.id ? "is-chosen" : ""}>
                <th scope="row">
                  <a href={href("sensors", stream.id)}>{stream.name}</a>
                </th>
                <td data-head="Property">{stream.title ?? words(stream.property)}</td>
                <td data-head="Latest" class="number">
                  {reading(latest, stream.shown)}
                </td>
                <td data-head="Quality">{latest ? <Flag flag={latest.flag} /> : "—"}</td>
                <td data-head="Heard">
                  <Ago at={latest?.at} />
                </td>
                {onChoose && (
                  <td data-head="Chart">
                    <button
                      type="button"
                      class="button small quiet"
                      aria-label={`Draw ${stream.name}`}
                      aria-pressed={chosen === stream.id}
                      onClick={() => onChoose(stream)}
                    >
                      Draw
                    </button>
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
