import { useEffect, useState } from "preact/hooks";
import type { AuditEntry, AuditVerdict } from "../api/contract";
import { get, withQuery, wordsOf } from "../api/client";
import { Empty, Head, Loading, Trouble, When } from "../parts/basics";
import { numeral, words } from "../format/value";

const PAGE = 100;
type Page = { entries: AuditEntry[]; next: number | null };

export function Audit() {
  const [rows, setRows] = useState<AuditEntry[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [verdict, setVerdict] = useState<AuditVerdict | null>(null);
  const fail = (error: unknown) => setTrouble(wordsOf(error));
  const read = (before: number | null) => {
    setTrouble(null);
    get<Page>(withQuery("/api/audit", { limit: PAGE, before }))
      .then((page) => {
        setRows((all) => (before === null ? page.entries : [...(all ?? []), ...page.entries]));
        setNext(page.next);
      })
      .catch(fail);
  };
  useEffect(() => read(null), []);
  return (
    <section>
      <Head title="Audit">
        <button
          type="button"
          class="button small"
          onClick={() => void get<AuditVerdict>("/api/audit/verify").then(setVerdict, fail)}
        >
          Verify the chain
        </button>
      </Head>
      {verdict && <Verdict verdict={verdict} />}
      {trouble && <Trouble words={trouble} onRetry={() => read(next)} />}
      {!rows && !trouble && <Loading what="the log" />}
      {rows?.length === 0 && <Empty title="Nothing has been logged yet." />}
      {rows && rows.length > 0 && <Entries rows={rows} />}
      {next !== null && (
        <button type="button" class="button" onClick={() => read(next)}>
          Earlier ones
        </button>
      )}
    </section>
  );
}

function Verdict({ verdict }: { verdict: AuditVerdict }) {
  return verdict.is_intact ? (
    <p class="good-news" role="status">
      The chain of {numeral(verdict.n)} entries is whole. Its head is <code>{verdict.head}</code>.
    </p>
  ) : (
    <Trouble words={`The chain is broken at entry ${verdict.broken_at ?? "?"}: ${verdict.reason}`} />
  );
}

function Entries({ rows }: { rows: AuditEntry[] }) {
  return (
    <div class="table-room">
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Of</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((entry) => (
            <tr key={entry.id}>
              <td data-head="When">
                <When at={entry.at} />
              </td>
              <td data-head="Who">{entry.who}</td>
              <td data-head="What">{words(entry.action)}</td>
              <td data-head="Of">{entry.subject}</td>
              <td data-head="More">
                {Object.keys(entry.detail).length > 0 && (
                  <code class="detail">{JSON.stringify(entry.detail)}</code>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
