import { useEffect, useState } from "preact/hooks";
import type { Datastream } from "../api/contract";
import { get, withQuery, wordsOf } from "../api/client";
import { Ago, Empty, Flag, Head, Loading, Trouble } from "../parts/basics";
import { compareStreams, streamText, streamTitle } from "../format/names";
import { propertyWord } from "../format/properties";
import { reading, words } from "../format/value";
import { href } from "../store/route";
import { speakers, world } from "../store/screen";

const PAGE = 200;
type Listing = { datastreams: Datastream[]; next: string | number | null };

export function Sensors() {
  const [rows, setRows] = useState<Datastream[] | null>(null);
  const [next, setNext] = useState<string | number | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [sought, seek] = useState("");
  const [property, setProperty] = useState("");
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
  const properties = [...new Set(rows?.map((row) => row.property))].sort();
  const found = rows
    ?.filter((row) => (!property || row.property === property) && matches(row, sought))
    .sort((one, other) => compareStreams(one, other, speakers.value));
  return (
    <section>
      <Head title="Sensors">
        <input
          type="search"
          placeholder="Name, property or id"
          aria-label="Find sensors among those read"
          value={sought}
          onInput={(event) => seek(event.currentTarget.value)}
        />
        <select
          aria-label="Property"
          value={property}
          onChange={(event) => setProperty(event.currentTarget.value)}
        >
          <option value="">Every property</option>
          {properties.map((each) => (
            <option key={each} value={each}>
              {words(propertyWord(each))}
            </option>
          ))}
        </select>
      </Head>
      {trouble && <Trouble words={trouble} onRetry={() => read(next)} />}
      {!found && !trouble && <Loading what="the sensors" />}
      {found?.length === 0 && (
        <Empty title={sought || property ? "Nothing matches." : "No sensor has been heard."}>
          {(sought || property) && next !== null
            ? "Not all have been read yet."
            : "Sensors appear with their first reading."}
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

function matches(stream: Datastream, sought: string): boolean {
  const text = streamText(stream, speakers.value);
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
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
            <th scope="col">Sensor</th>
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
                  <a href={href("sensors", stream.id)} title={stream.name}>
                    {streamTitle(stream, speakers.value)}
                  </a>
                  <small class="id">{stream.name}</small>
                </th>
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
                      aria-label={`Draw ${streamTitle(stream, speakers.value)}`}
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
