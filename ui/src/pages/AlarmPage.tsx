import type { Alarm, Transition } from "../api/contract";
import { Chip, Empty, Facts, Head, Level, Loading, Trouble, When } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { alarmWord, ROLE_WORDS } from "../format/look";
import { evidenceWords, reasonWords, subjectName } from "../format/names";
import { words } from "../format/value";
import { href } from "../store/route";
import { speakers, world } from "../store/screen";
import { AlarmDeeds } from "./alarm_deeds";
import { Deadline } from "./Alarms";

export function AlarmPage({ id }: { id: string }) {
  const live = world.value.alarms.get(Number(id));
  const { value, error, again } = useLoaded<Alarm>(live ? null : `/api/alarms/${id}`);
  const alarm = live ?? value;
  if (!alarm) return error ? <Trouble words={error} onRetry={again} /> : <Loading what="the alarm" />;
  return (
    <section class={`sheet edge-${alarm.level}`}>
      <Head title={alarm.title} back={[href("alarms"), "Alarms"]}>
        <Level level={alarm.level} isWorded />
        <Chip tone={alarm.state === "raised" ? "loud" : "plain"}>{alarmWord(alarm)}</Chip>
        {alarm.is_blind && <Chip tone="suspect">Blind: its sensor failed</Chip>}
      </Head>
      <AlarmDeeds alarm={alarm} />
      <Facts
        rows={[
          ["Where", <Subject alarm={alarm} />],
          ["Raised", <When at={alarm.raised} />],
          ["Criterion", words(alarm.criterion)],
          ["Who must answer", ROLE_WORDS[alarm.owner_role] ?? alarm.owner_role],
          ["Time to answer", <Deadline alarm={alarm} />],
          ["Escalated", timesWord(alarm.escalated)],
          ["Its condition", alarm.is_active ? "holds" : "is gone"],
        ]}
      />
      {alarm.actions.length > 0 && (
        <>
          <h2>What to do</h2>
          <ol class="actions">
            {alarm.actions.map((action) => (
              <li key={action}>{action}</li>
            ))}
          </ol>
        </>
      )}
      <h2>What it rests on</h2>
      <Grounds evidence={alarm.evidence} />
      <h2>Its life</h2>
      <Life transitions={alarm.transitions} />
    </section>
  );
}

function Grounds({ evidence }: { evidence: string[] }) {
  if (evidence.length === 0) return <p class="muted">Nothing was written down.</p>;
  return (
    <ul class="grounds">
      {evidence.map((line) => {
        const { text, id } = evidenceWords(line, speakers.value);
        return (
          <li key={line} title={id ?? undefined}>
            {text}
            {id && <small class="id">{id}</small>}
          </li>
        );
      })}
    </ul>
  );
}

function Subject({ alarm }: { alarm: Alarm }) {
  const { kind, id } = alarm.subject;
  const name = subjectName(alarm, speakers.value);
  if (world.value.assets.has(id)) return <a href={href("assets", id)}>{name}</a>;
  if (kind === "datastream") return <a href={href("sensors", id)}>{name}</a>;
  if (kind === "finding") return <a href={href("findings", id)}>{name}</a>;
  return (
    <>
      {name} <span class="muted">({words(kind).toLowerCase()})</span>
    </>
  );
}

function timesWord(n: number): string {
  return n === 0 ? "no" : n === 1 ? "once" : `${n} times`;
}

export function Life({ transitions }: { transitions: Transition[] }) {
  if (transitions.length === 0) return <Empty title="Nothing has happened to it yet." />;
  return (
    <ol class="life">
      {transitions.map((step, index) => (
        <li key={index}>
          <When at={step.at} />
          <b>{words(step.what)}</b>
          <span class="muted">{step.who}</span>
          {step.why && <q>{reasonWords(step.why, speakers.value)}</q>}
        </li>
      ))}
    </ol>
  );
}
