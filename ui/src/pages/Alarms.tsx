import { useState } from "preact/hooks";
import type { Alarm } from "../api/contract";
import { get, withQuery, wordsOf } from "../api/client";
import { Chip, Empty, Head, Level, Trouble, When } from "../parts/basics";
import { alarmWord, ROLE_WORDS } from "../format/look";
import { subjectName } from "../format/names";
import { span } from "../format/time";
import { href } from "../store/route";
import { now, open, speakers, waiting } from "../store/screen";
import { AlarmDeeds } from "./alarm_deeds";

export function Alarms() {
  const [past, setPast] = useState(false);
  return (
    <section>
      <Head title="Alarms">
        <span class="muted" role="status">
          {waiting.value.length} unanswered · {open.value.length} open
        </span>
        <div class="tabs" role="group" aria-label="Which alarms">
          <button type="button" aria-pressed={!past} onClick={() => setPast(false)}>
            Open
          </button>
          <button type="button" aria-pressed={past} onClick={() => setPast(true)}>
            All, back in time
          </button>
        </div>
      </Head>
      {past ? <Past /> : <Open />}
    </section>
  );
}

function Open() {
  if (open.value.length === 0) {
    return <Empty title="No alarm is open.">A new one sounds, and stands on top of every page.</Empty>;
  }
  return (
    <ul class="cards" aria-label="Open alarms">
      {open.value.map((alarm) => (
        <AlarmCard key={alarm.id} alarm={alarm} />
      ))}
    </ul>
  );
}

function AlarmCard({ alarm }: { alarm: Alarm }) {
  return (
    <li
      class={`card alarm alarm-${alarm.state} edge-${alarm.level}`}
      data-alarm={alarm.id}
      data-state={alarm.state}
    >
      <Level level={alarm.level} />
      <div class="card-body">
        <a class="card-title" href={href("alarms", alarm.id)}>
          {alarm.title}
        </a>
        <p class="card-line">
          <b>{subjectName(alarm, speakers.value)}</b> · <When at={alarm.raised} /> · for{" "}
          {span(now.value - Date.parse(alarm.raised))}
        </p>
        <p class="card-line">
          <Chip tone={alarm.state === "raised" ? "loud" : "plain"}>{alarmWord(alarm)}</Chip>
          {alarm.cancel_until && alarm.state === "raised" && (
            <span class="muted">
              may be cancelled for {span(Date.parse(alarm.cancel_until) - now.value)} more
            </span>
          )}
          {alarm.is_blind && <Chip tone="suspect">Blind: its sensor failed</Chip>}
          <Deadline alarm={alarm} />
        </p>
      </div>
      <AlarmDeeds alarm={alarm} />
    </li>
  );
}

/** Who must answer, and how long they still have. */
export function Deadline({ alarm }: { alarm: Alarm }) {
  const owner = ROLE_WORDS[alarm.owner_role] ?? alarm.owner_role;
  if (alarm.state !== "raised" || !alarm.answer_by)
    return <span class="muted">for the {owner.toLowerCase()}</span>;
  const left = Date.parse(alarm.answer_by) - now.value;
  return left > 0 ? (
    <span class="muted">
      {owner.toLowerCase()} has {span(left)} to answer
    </span>
  ) : (
    <span class="late">overdue by {span(-left)}</span>
  );
}

/** Every alarm that ever was, a page at a time. */
function Past() {
  const [rows, setRows] = useState<Alarm[]>([]);
  const [next, setNext] = useState<string | number | null | undefined>(undefined);
  const [trouble, setTrouble] = useState<string | null>(null);
  const more = () => {
    setTrouble(null);
    get<{ alarms: Alarm[]; next: string | number | null }>(
      withQuery("/api/alarms?state=all", { limit: 50, after: next ?? null }),
    )
      .then((page) => {
        setRows((all) => [...all, ...page.alarms]);
        setNext(page.next);
      })
      .catch((error: unknown) => setTrouble(wordsOf(error)));
  };
  if (next === undefined && !trouble) {
    setNext(null);
    more();
  }
  return (
    <>
      {trouble && <Trouble words={trouble} onRetry={more} />}
      {rows.length > 0 && (
        <div class="table-room">
          <table>
            <thead>
              <tr>
                <th scope="col">Level</th>
                <th scope="col">What</th>
                <th scope="col">Where</th>
                <th scope="col">Raised</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((alarm) => (
                <tr key={alarm.id}>
                  <td>
                    <Level level={alarm.level} />
                  </td>
                  <td>
                    <a href={href("alarms", alarm.id)}>{alarm.title}</a>
                  </td>
                  <td>{subjectName(alarm, speakers.value)}</td>
                  <td>
                    <When at={alarm.raised} />
                  </td>
                  <td>{alarmWord(alarm)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next !== null && next !== undefined && (
        <button type="button" class="button" onClick={more}>
          Earlier ones
        </button>
      )}
    </>
  );
}
