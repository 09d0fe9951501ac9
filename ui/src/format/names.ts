/** What things are called: names of assets where they have one, words in place of ids, the id kept beside. */

import type { Alarm, Asset, Datastream } from "../api/contract";
import { propertyWord } from "./properties";
import { prettyUnit, words } from "./value";

/** Assets by every id that speaks for them: their own, and that of their tag. */
export type Speakers = ReadonlyMap<string, Asset>;

export function speakersOf(assets: Iterable<Asset>): Speakers {
  const found = new Map<string, Asset>();
  for (const asset of assets) {
    if (asset.tag_id) found.set(asset.tag_id, asset);
  }
  for (const asset of assets) found.set(asset.id, asset);
  return found;
}

/** `Crack gauge 2`; of what no asset is known by, its id as words. */
export function thingName(thing: string, speakers: Speakers): string {
  const patch = /^patch-(p\d+)$/.exec(thing)?.[1];
  return speakers.get(thing)?.name ?? (patch ? `Ground of patch ${patch.toUpperCase()}` : words(thing));
}

type Named = Pick<Datastream, "name" | "thing" | "property" | "asset_id"> & {
  shown?: Datastream["shown"];
};

/** `Crack gauge 2 · crack width, mm`. */
export function streamTitle(stream: Named, speakers: Speakers): string {
  const unit = stream.property === "position" ? "" : prettyUnit(stream.shown?.unit ?? "");
  return `${streamThing(stream, speakers)} · ${streamProperty(stream)}${unit ? `, ${unit}` : ""}`;
}

export function streamThing(stream: Named, speakers: Speakers): string {
  return ownerOf(stream, speakers)?.name ?? thingName(stream.thing, speakers);
}

function ownerOf({ asset_id, thing }: Named, speakers: Speakers): Asset | undefined {
  return (asset_id ? speakers.get(asset_id) : undefined) ?? speakers.get(thing);
}

/** `crack width`, `signal strength of beacon 17`, `crack width, estimated`: which of several, in words. */
export function streamProperty({ name, property }: Pick<Datastream, "name" | "property">): string {
  const word = propertyWord(property);
  const qualifier = name.split("/").slice(2).join("/");
  if (!qualifier) return word;
  if (qualifier === "estimate") return `${word}, estimated`;
  if (property === "rssi") return `${word} of ${words(qualifier).toLowerCase()}`;
  return `${word} (${words(qualifier).toLowerCase()})`;
}

/** The ground's sensors first, then what people and machines carry; each by its title. */
export function compareStreams(one: Named, other: Named, speakers: Speakers): number {
  const [title, its] = [streamTitle(one, speakers), streamTitle(other, speakers)];
  return (
    Number(isCarried(one, speakers)) - Number(isCarried(other, speakers)) ||
    title.localeCompare(its, "en", { numeric: true })
  );
}

function isCarried(stream: Named, speakers: Speakers): boolean {
  const kind = ownerOf(stream, speakers)?.kind;
  return kind === "person" || kind === "machine";
}

/** What a search in a list of datastreams looks through: names, words and ids. */
export function streamText(stream: Datastream, speakers: Speakers): string {
  return `${streamTitle(stream, speakers)} ${stream.title} ${stream.name}`.toLowerCase();
}

/** Whom or what an alarm is about; the server knows no name of what is no asset. */
export function subjectName({ subject }: Pick<Alarm, "subject">, speakers: Speakers): string {
  const { kind, id, name } = subject;
  if (name !== id) return name;
  return kind === "asset" || kind === "sensor" ? thingName(id, speakers) : words(name);
}

/** Reasons in an alarm's life, which hold lines of evidence, with names in place of ids. */
export function reasonWords(why: string, speakers: Speakers): string {
  return why
    .split("; ")
    .map((part) => {
      const [, before = "", line = ""] = /^(pre-alarm: )?(.*)$/s.exec(part) ?? [];
      return before + evidenceWords(line, speakers).text.replace(/\bpre_alarm\b/g, "pre-alarm");
    })
    .join("; ");
}

/** A line of evidence with names in place of ids, and the id that stood there. */
export function evidenceWords(line: string, speakers: Speakers): { text: string; id: string | null } {
  const [, id = "", rest = ""] = /^([^\s:]+)(:? .*)$/.exec(line) ?? [];
  const [thing = "", property] = id.split("/");
  if (property) {
    const title = streamTitle({ name: id, thing, property, asset_id: null }, speakers);
    return { text: `${title}${rest}`, id };
  }
  const asset = speakers.get(thing);
  return asset ? { text: `${asset.name}${rest}`, id } : { text: line, id: null };
}
