/** What a person may do to an alarm; the server says which of it, alarm by alarm. */

import { useState } from "preact/hooks";
import type { Alarm } from "../api/contract";
import { post } from "../api/client";
import { Ask, type Field } from "../parts/dialog";
import { subjectName } from "../format/names";
import { shelfSpans } from "../format/shelf";
import { speakers, world } from "../store/screen";
import { withAlarms } from "../live/world";

interface Deed {
  key: string;
  word: string;
  done: string;
  intro: string;
  fields: (alarm: Alarm) => Field[];
  tone: "main" | "plain" | "bad";
}

const DEEDS: Deed[] = [
  {
    key: "acknowledge",
    word: "Acknowledge",
    done: "I have it",
    intro: "You take the alarm; it stops sounding and does not escalate.",
    fields: () => [{ name: "note", label: "Note", kind: "area", isOptional: true }],
    tone: "main",
  },
  {
    key: "cancel",
    word: "I am all right",
    done: "Cancel the pre-alarm",
    intro: "Only while it is a pre-alarm, and only your own.",
    fields: () => [],
    tone: "main",
  },
  {
    key: "shelve",
    word: "Shelve",
    done: "Shelve it",
    intro: "It is put aside for a while, and comes back by itself if its cause remains.",
    fields: ({ longest_shelf_s }) => [
      { name: "for_s", label: "For", kind: "select", options: shelfSpans(longest_shelf_s ?? 0) },
      { name: "why", label: "Why", kind: "area" },
    ],
    tone: "plain",
  },
  {
    key: "clear",
    word: "Clear",
    done: "Clear it",
    intro: "You state that its cause is gone.",
    fields: () => [{ name: "why", label: "Why", kind: "area" }],
    tone: "plain",
  },
  {
    key: "call-aid",
    word: "Call outside aid",
    done: "Call aid now",
    intro: "The call goes out at once to the services that this site has named, and cannot be taken back.",
    fields: () => [{ name: "message", label: "What they must know", kind: "area" }],
    tone: "bad",
  },
];

export function AlarmDeeds({ alarm }: { alarm: Alarm }) {
  const [asked, setAsked] = useState<Deed | null>(null);
  const offered = DEEDS.filter((deed) => isOffered(deed, alarm));
  if (offered.length === 0) return null;
  return (
    <div class="row-deeds">
      {offered.map((deed) => (
        <button
          key={deed.key}
          type="button"
          class={`button small ${deed.tone}`}
          aria-label={`${deed.word}: ${alarm.title}, ${subjectName(alarm, speakers.value)}`}
          onClick={() => setAsked(deed)}
        >
          {deed.word}
        </button>
      ))}
      {asked && (
        <Ask
          title={asked.word}
          intro={
            <>
              <p>
                <b>{alarm.title}</b> · {subjectName(alarm, speakers.value)}
              </p>
              <p class="muted">{asked.intro}</p>
            </>
          }
          fields={asked.fields(alarm)}
          deed={asked.done}
          tone={asked.tone === "bad" ? "bad" : "plain"}
          onDo={(said) => act(alarm, asked.key, said)}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

function isOffered(deed: Deed, alarm: Alarm): boolean {
  return alarm.rights.some((right) => right.replace("_", "-") === deed.key);
}

async function act(alarm: Alarm, key: string, said: Record<string, string>): Promise<void> {
  const answer = await post<Alarm | { alarm?: Alarm } | undefined>(
    `/api/alarms/${alarm.id}/${key}`,
    bodyOf(key, said),
  );
  const whole = answer && "alarm" in answer ? answer.alarm : (answer as Alarm | undefined);
  if (whole && "state" in whole) world.value = withAlarms(world.value, [whole]); // sooner than the socket brings it
}

/** A shelf is a duration: the clock of this screen may be ahead of the server's. */
function bodyOf(key: string, said: Record<string, string>): Record<string, string | number> {
  return key === "shelve" ? { ...said, for_s: Number(said["for_s"]) } : said;
}
