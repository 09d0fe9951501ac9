import type { Configurations } from "../api/gateway_contract";
import { Empty, Facts, Head, Loading, Trouble } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { href } from "../store/route";
import { may, placeName, world } from "../store/screen";
import { ConfigEditor } from "./ConfigEditor";

export function GatewayPage({ id }: { id: string }) {
  const gateway = world.value.gateways.get(id);
  const back: [string, string] = [href("gateways"), "Gateways"];
  if (!may("manage_gateways"))
    return (
      <section>
        <Head title={gateway?.name ?? id} back={back} />
        <Empty title="Configurations are not for your role.">Ask a super manager.</Empty>
      </section>
    );
  return (
    <section>
      <Head title={gateway?.name ?? id} back={back}>
        <span class="muted">{gateway && placeName(gateway.location_id)}</span>
      </Head>
      <Configured id={id} />
    </section>
  );
}

function Configured({ id }: { id: string }) {
  const { value, error, again } = useLoaded<Configurations>(
    `/api/gateways/${encodeURIComponent(id)}/configurations`,
  );
  if (error) return <Trouble words={error} onRetry={again} />;
  if (!value) return <Loading what="the configuration" />;
  return (
    <>
      <Facts
        rows={[
          ["In force", inForce(value)],
          [
            "Hash it reports",
            value.reported_hash ? <code>{value.reported_hash.slice(0, 16)}</code> : "not told yet",
          ],
          ["Versions given", String(value.versions.length)],
        ]}
      />
      <ConfigEditor key={value.versions[0]?.version ?? 0} id={id} known={value} onSent={again} />
    </>
  );
}

function inForce({ in_force, reported_hash }: Configurations): string {
  if (in_force !== null) return `version ${in_force}`;
  return reported_hash ? "none of these: what it began with" : "not told yet";
}
