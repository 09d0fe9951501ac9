/** The site, its time, the link, and what the person signed in may switch. */

import { Icon, type IconName } from "../parts/icon";
import { ROLE_WORDS } from "../format/look";
import { clock, offsetName } from "../format/time";
import { link, me, now, site, staleSeconds, zone } from "../store/screen";
import { signOut } from "../store/session";
import { soundState, toggleSound } from "../store/sound";
import { nextTheme, theme } from "../store/theme";
import { go } from "../store/route";

export function TopBar({ onHelp }: { onHelp: () => void }) {
  return (
    <header class="top">
      <div class="brand">
        <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
          <path class="brand-bench" d="M4 9h7v5h6v5h6v5h5" />
          <circle class="brand-dot" cx="23.5" cy="11" r="3" />
        </svg>
        <strong>{site.value?.title ?? "Highwall"}</strong>
      </div>
      <Clock />
      <LinkState />
      <div class="switches">
        <Sound />
        <Switch icon={theme.value} label={`Colours: ${theme.value}`} onClick={nextTheme} />
        <span class="wide-only">
          <Switch icon="help" label="Keys" onClick={onHelp} />
        </span>
        <Person />
      </div>
    </header>
  );
}

function Clock() {
  const ms = now.value;
  return (
    <div class="clock" role="timer" aria-label="Time of the site">
      <b>{clock(ms, zone.value)}</b>
      <span>{offsetName(ms, zone.value)}</span>
      <span class="utc">{clock(ms, "UTC")} UTC</span>
    </div>
  );
}

function LinkState() {
  const isLive = link.value === "open" && staleSeconds.value === 0;
  const word = isLive ? "Live" : link.value === "lost" ? "Reconnecting" : "Waiting";
  return (
    <div class={`link ${isLive ? "is-live" : "is-lost"}`} role="status" data-link={isLive ? "live" : "lost"}>
      <span class="link-dot" aria-hidden="true" />
      {word}
    </div>
  );
}

const SOUND: Record<string, { icon: IconName; word: string; says: string }> = {
  on: { icon: "sound", word: "Sound on", says: "Sound is on. Mute it" },
  muted: { icon: "muted", word: "Muted", says: "Sound is muted. Unmute it" },
  blocked: {
    icon: "muted",
    word: "Sound waits for a click",
    says: "This browser keeps the page silent. Let it sound",
  },
};

function Sound() {
  const { icon, word, says } = SOUND[soundState.value] ?? { icon: "muted", word: "Muted", says: "Unmute" };
  const isSilent = soundState.value !== "on";
  return (
    <button
      type="button"
      class={`switch sound ${isSilent ? "is-silent" : ""}`}
      aria-label={says}
      onClick={toggleSound}
    >
      <Icon name={icon} />
      {isSilent && <span>{word}</span>}
    </button>
  );
}

function Switch({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="switch" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

function Person() {
  const person = me.value;
  if (!person) return null;
  return (
    <div class="person">
      <button
        type="button"
        class="person-name"
        title={person.asset_id ? "Your own page" : undefined}
        disabled={!person.asset_id}
        onClick={() => go("assets", person.asset_id)}
      >
        <b>{person.name}</b>
        <small>{ROLE_WORDS[person.role] ?? person.role}</small>
      </button>
      <Switch icon="out" label="Sign out" onClick={() => void signOut()} />
    </div>
  );
}
