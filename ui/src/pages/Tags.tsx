import { useState } from "preact/hooks";
import type { Replacement, Tag } from "../api/contract";
import { getAll, post } from "../api/client";
import { Chip, Empty, Head, Loading, Trouble, When } from "../parts/basics";
import { Ask, type Field } from "../parts/dialog";
import { useDeed, useFetched, useLoaded } from "../parts/load";
import { href } from "../store/route";
import { may, me, world } from "../store/screen";

type Asked = { deed: "issue" } | { deed: "claim" | "replace"; tag: Tag };

export function Tags() {
  const tags = useFetched(() => getAll<Tag>("/api/tags", "tags"));
  const waiting = useLoaded<{ replacements: Replacement[] }>("/api/tags?limit=1");
  const [asked, ask] = useState<Asked | null>(null);
  const again = () => {
    tags.again();
    waiting.again();
  };
  return (
    <section>
      <Head title="Tags">
        {may("bind_tags") && (
          <button type="button" class="button small main" onClick={() => ask({ deed: "issue" })}>
            Issue tags
          </button>
        )}
        <a class="button small" href="/api/tags/sheet.pdf" download>
          Print those that are free
        </a>
      </Head>
      {tags.error && <Trouble words={tags.error} onRetry={again} />}
      {!tags.value && !tags.error && <Loading what="the tags" />}
      {waiting.value?.replacements.map((wish) => (
        <Wish key={wish.id} wish={wish} onDone={again} />
      ))}
      {tags.value?.length === 0 && (
        <Empty title="No tags have been issued.">A tag is claimed once, by scanning its code.</Empty>
      )}
      {tags.value && tags.value.length > 0 && <TagTable tags={tags.value} onAsk={ask} />}
      {asked && <AskTag asked={asked} onDone={again} onClose={() => ask(null)} />}
    </section>
  );
}

const ISSUE: Field[] = [{ name: "count", label: "How many", kind: "number", value: "24" }];
const REPLACE: Field[] = [
  { name: "by_tag", label: "By the tag" },
  { name: "why", label: "Why", kind: "area" },
];

function AskTag({ asked, onDone, onClose }: { asked: Asked; onDone: () => void; onClose: () => void }) {
  const path =
    asked.deed === "issue" ? "/api/tags" : `/api/tags/${encodeURIComponent(asked.tag.id)}/${asked.deed}`;
  const texts = {
    issue: {
      title: "Issue tags",
      intro: "New ids, that nobody can guess; print them as a sheet.",
      deed: "Issue them",
    },
    claim: { title: "Bind the tag", intro: "A tag is claimed once.", deed: "Bind it" },
    replace: {
      title: "Replace the tag",
      intro: "Someone of another role must approve.",
      deed: "Ask to replace it",
    },
  }[asked.deed];
  return (
    <Ask
      title={texts.title}
      intro={<p class="muted">{texts.intro}</p>}
      fields={{ issue: ISSUE, claim: fieldsOfClaim(), replace: REPLACE }[asked.deed]}
      deed={texts.deed}
      onDo={async (said) => {
        await post(path, asked.deed === "issue" ? { count: Number(said["count"]) } : said);
        onDone();
      }}
      onClose={onClose}
    />
  );
}

function fieldsOfClaim(): Field[] {
  const assets = [...world.value.assets.values()].filter((asset) => asset.tag_id === null);
  return [
    {
      name: "asset_id",
      label: "To",
      kind: "select",
      options: assets.map(({ id, name }): [string, string] => [id, name]),
      hint: "Assets that have no tag yet.",
    },
  ];
}

/** A replacement that waits: another role approves it; who may approve can put it away, who asked can withdraw it. */
function Wish({ wish, onDone }: { wish: Replacement; onDone: () => void }) {
  const { isBusy, error, run } = useDeed();
  const decide = (what: "approve" | "reject") =>
    void run(() => post(`/api/tags/replacements/${wish.id}/${what}`).then(onDone));
  const isOwn = wish.asked_by === me.value?.name;
  const mayApprove = may("approve_tags") && !isOwn && wish.asked_role !== me.value?.role;
  return (
    <article class="proposal" data-replacement={wish.id}>
      <p>
        <b>{wish.asked_by}</b> asks that <code>{wish.by_tag}</code> takes the place of{" "}
        <code>{wish.tag_id}</code>: {wish.why} <When at={wish.at} />
      </p>
      {error && <Trouble words={error} />}
      {!mayApprove && <p class="muted">Someone of another role must approve it.</p>}
      {(isOwn || may("approve_tags")) && (
        <div class="row-deeds">
          {mayApprove && (
            <button
              type="button"
              class="button small main"
              disabled={isBusy}
              onClick={() => decide("approve")}
            >
              Approve
            </button>
          )}
          <button type="button" class="button small bad" disabled={isBusy} onClick={() => decide("reject")}>
            {isOwn ? "Withdraw" : "Reject"}
          </button>
        </div>
      )}
    </article>
  );
}

function TagTable({ tags, onAsk }: { tags: Tag[]; onAsk: (asked: Asked) => void }) {
  return (
    <div class="table-room">
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Tag</th>
            <th scope="col">State</th>
            <th scope="col">Bound to</th>
            <th scope="col">Issued</th>
            <th scope="col">Deeds</th>
          </tr>
        </thead>
        <tbody>
          {tags.map((tag) => (
            <tr key={tag.id} data-tag={tag.id}>
              <th scope="row">
                <code>{tag.id}</code>
              </th>
              <td data-head="State">
                <Chip tone={tag.asset_id ? "good" : "plain"}>
                  {tag.asset_id ? "Bound" : tag.is_used ? "Used up" : "Free"}
                </Chip>
              </td>
              <td data-head="Bound to">
                {tag.asset_id ? (
                  <a href={href("assets", tag.asset_id)}>
                    {world.value.assets.get(tag.asset_id)?.name ?? tag.asset_id}
                  </a>
                ) : (
                  "—"
                )}
              </td>
              <td data-head="Issued">
                <When at={tag.issued} plain />
              </td>
              <td data-head="Deeds">
                {may("bind_tags") && (tag.asset_id !== null || !tag.is_used) && (
                  <button
                    type="button"
                    class="button small"
                    onClick={() => onAsk({ tag, deed: tag.asset_id ? "replace" : "claim" })}
                  >
                    {tag.asset_id ? "Replace" : "Bind"}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
