/** The whole: signed out, it is the door; signed in, the shell and a page in it. */

import { lazy, Suspense } from "preact/compat";
import { useCallback, useEffect, useState } from "preact/hooks";
import { wordsOf } from "./api/client";
import { Empty, Loading, Trouble } from "./parts/basics";
import { Shell } from "./shell/Shell";
import { Login } from "./pages/Login";
import { Alarms } from "./pages/Alarms";
import { AlarmPage } from "./pages/AlarmPage";
import { Assets } from "./pages/Assets";
import { AssetPage } from "./pages/AssetPage";
import { Sensors } from "./pages/Sensors";
import { Findings } from "./pages/Findings";
import { FindingPage } from "./pages/FindingPage";
import { Gateways } from "./pages/Gateways";
import { me } from "./store/screen";
import { route } from "./store/route";
import { whoAmI } from "./store/session";
import { mayOpen, PAGES } from "./shell/places";
import type { FunctionComponent } from "preact";

const MapPage = lazy(() => import("./map/MapPage").then((part) => part.MapPage));
const SensorPage = lazy(() => import("./pages/SensorPage").then((part) => part.SensorPage));
const CriteriaPage = lazy(() => import("./pages/Criteria").then((part) => part.CriteriaPage));
const Tags = lazy(() => import("./pages/Tags").then((part) => part.Tags));
const Users = lazy(() => import("./pages/Users").then((part) => part.Users));
const GatewayPage = lazy(() => import("./pages/GatewayPage").then((part) => part.GatewayPage));
const Tokens = lazy(() => import("./pages/Tokens").then((part) => part.Tokens));
const Audit = lazy(() => import("./pages/Audit").then((part) => part.Audit));

type Page = FunctionComponent<{ id: string }>;

const LISTS: Record<string, FunctionComponent> = {
  map: MapPage,
  alarms: Alarms,
  assets: Assets,
  sensors: Sensors,
  findings: Findings,
  gateways: Gateways,
  criteria: CriteriaPage,
  tags: Tags,
  users: Users,
  tokens: Tokens,
  audit: Audit,
};
const ONES: Record<string, Page> = {
  alarms: AlarmPage,
  assets: AssetPage,
  sensors: SensorPage,
  findings: FindingPage,
  gateways: GatewayPage,
};

export function App() {
  const [trouble, setTrouble] = useState<string | null>(null);
  const ask = useCallback(() => {
    setTrouble(null);
    whoAmI().catch((error: unknown) => setTrouble(wordsOf(error)));
  }, []);
  useEffect(ask, [ask]);

  if (trouble) return <Trouble words={trouble} onRetry={ask} />;
  if (me.value === undefined) return <Loading what="who is signed in" />;
  if (me.value === null) return <Login />;
  return (
    <Shell>
      <Suspense fallback={<Loading what="the page" />}>
        <Here />
      </Suspense>
    </Shell>
  );
}

function Here() {
  const { page, id } = route.value;
  const place = PAGES.find((each) => each.key === page);
  if (!place) return <Empty title="There is no such page.">Choose one in the navigation.</Empty>;
  if (!mayOpen(place)) {
    return <Empty title={`${place.title} is not for your role.`}>Ask someone whose role includes it.</Empty>;
  }
  const One = id === null ? undefined : ONES[page];
  if (One && id !== null) return <One key={`${page}/${id}`} id={id} />;
  const List = LISTS[page];
  return List ? <List /> : null;
}
