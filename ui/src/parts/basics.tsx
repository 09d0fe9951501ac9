/** The small things of which pages are made. */

import type { ComponentChildren } from "preact";
import { LOOK_WORDS, levelWord, lookOf, type Look } from "../format/look";
import type { Asset } from "../api/contract";
import { ago, moment, utc } from "../format/time";
import { now, zone } from "../store/screen";
import { Icon, Shape } from "./icon";
import { FLAGS, flagWord } from "../format/value";

/** A time in the site's zone, with UTC beside, and how long ago. */
export function When({ at, plain = false }: { at: string | number | null | undefined; plain?: boolean }) {
  if (at === null || at === undefined) return <span class="muted">never</span>;
  const ms = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(ms)) return <span class="muted">—</span>;
  return (
    <time class="when" dateTime={new Date(ms).toISOString()}>
      {moment(ms, zone.value, now.value)}
      {!plain && <span class="utc">{utc(ms, zone.value)}</span>}
    </time>
  );
}

export function Ago({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="muted">never</span>;
  return <span title={moment(Date.parse(at), zone.value, now.value)}>{ago(Date.parse(at), now.value)}</span>;
}

/** Level of an alarm: number, colour and shape all say it. */
export function Level({ level, isWorded = false }: { level: number; isWorded?: boolean }) {
  return (
    <span class={`level level-${level}`}>
      <span class="level-sign" aria-hidden="true">
        {level}
      </span>
      <span class={isWorded ? "" : "unseen"}>
        {isWorded ? levelWord(level) : `Level ${level}, ${levelWord(level)}`}
      </span>
    </span>
  );
}

export function StateOf({ asset }: { asset: Asset }) {
  const look = lookOf(asset);
  return (
    <span class={`state text-${look}`}>
      <Shape kind={asset.kind} look={look} />
      {LOOK_WORDS[look]}
    </span>
  );
}

export function LookWord({ look }: { look: Look }) {
  return <span class={`state text-${look}`}>{LOOK_WORDS[look]}</span>;
}

export function Flag({ flag }: { flag: number }) {
  const row = FLAGS[flag];
  return (
    <span class={`flag flag-${row?.tone ?? "plain"}`}>
      <span aria-hidden="true">{row?.sign ?? "•"}</span> {flagWord(flag)}
    </span>
  );
}

export function Chip({ tone = "plain", children }: { tone?: string; children: ComponentChildren }) {
  return <span class={`chip chip-${tone}`}>{children}</span>;
}

/** What stands where nothing is: why, and what would put something there. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p class="muted">{children}</p>}
    </div>
  );
}

export function Trouble({ words, onRetry }: { words: string; onRetry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>{words}</p>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      Reading {what} …
    </p>
  );
}

export function Head({
  title,
  children,
  back,
}: {
  title: string;
  children?: ComponentChildren;
  back?: [string, string];
}) {
  return (
    <header class="head">
      {back && (
        <a class="back" href={back[0]}>
          <Icon name="back" size={16} />
          {back[1]}
        </a>
      )}
      <h1 tabIndex={-1}>{title}</h1>
      {children && <div class="head-side">{children}</div>}
    </header>
  );
}

/** Names and values, in two columns. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
