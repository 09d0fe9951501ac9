/** What must not be overlooked, on whichever page: an old screen, and an alarm that nobody has answered. */

import { Level } from "../parts/basics";
import { subjectName } from "../format/names";
import { moment, span } from "../format/time";
import { href, route } from "../store/route";
import { heardAt, now, speakers, staleSeconds, waiting, zone } from "../store/screen";

/** Says so when the server has been silent: what is drawn is then a picture of the past. */
export function StaleBanner() {
  const seconds = staleSeconds.value;
  if (seconds === 0) return null;
  return (
    <div class="stale" role="alert">
      <strong>This screen is old.</strong>{" "}
      {heardAt.value === 0
        ? "The server has not spoken yet."
        : `Nothing has come from the server for ${span(seconds * 1000)}; it shows ${moment(heardAt.value, zone.value, now.value)}.`}{" "}
      Alarms may be missing. Reconnecting.
    </div>
  );
}

/** The gravest alarm that waits, and how many more. */
export function AlarmStrip() {
  const alarms = waiting.value;
  const [first] = alarms;
  const onAlarms = route.value.page === "alarms";
  return (
    <div aria-live="assertive" class="strip-room">
      {first && !onAlarms && (
        <a class={`strip strip-${first.level}`} href={href("alarms", first.id)}>
          <Level level={first.level} />
          <span class="strip-title">{first.title}</span>
          <span class="strip-more">
            {subjectName(first, speakers.value)} · waiting {span(now.value - Date.parse(first.raised))}
            {alarms.length > 1 && ` · ${alarms.length - 1} more`}
          </span>
        </a>
      )}
    </div>
  );
}
