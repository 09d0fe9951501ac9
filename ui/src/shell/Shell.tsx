/** What surrounds every page: navigation, clock, link, alarms, sound. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { href, route } from "../store/route";
import { site, waiting } from "../store/screen";
import { AlarmStrip, StaleBanner } from "./Banners";
import { listenToKeys } from "./keys";
import { myPages, PAGES } from "./places";
import { TopBar } from "./TopBar";

const ON_PHONE_BAR = 4;

export function Shell({ children }: { children: ComponentChildren }) {
  const [isHelpShown, showHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const { page, id } = route.value;
  useEffect(() => listenToKeys(() => showHelp(true)), []);
  useEffect(() => {
    const title = PAGES.find((each) => each.key === page)?.title ?? "Highwall";
    const n = waiting.value.length;
    document.title = `${n ? `(${n}) ` : ""}${title} · ${site.value?.title ?? "Highwall"}`;
  }, [page, waiting.value.length]);
  useEffect(() => {
    main.current?.scrollTo(0, 0);
  }, [page, id]);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      <TopBar onHelp={() => showHelp(true)} />
      <Navigation />
      <div class="body">
        <StaleBanner />
        <AlarmStrip />
        <main id="main" ref={main} tabIndex={-1} class={page === "map" ? "is-map" : ""}>
          {children}
        </main>
      </div>
      {isHelpShown && <Help onClose={() => showHelp(false)} />}
    </div>
  );
}

function Navigation() {
  const [isMoreOpen, setMore] = useState(false);
  const here = route.value.page;
  const pages = myPages();
  useEffect(() => setMore(false), [here]);
  return (
    <nav class={`nav ${isMoreOpen ? "is-open" : ""}`} aria-label="Pages">
      <ul>
        {pages.map((place, index) => (
          <li key={place.key} class={index < ON_PHONE_BAR ? "" : "beyond"}>
            <a href={href(place.key)} aria-current={place.key === here ? "page" : undefined}>
              <Icon name={place.icon} />
              <span>{place.title}</span>
              {place.key === "alarms" && waiting.value.length > 0 && (
                <span class="count" aria-label={`${waiting.value.length} unanswered`}>
                  {waiting.value.length}
                </span>
              )}
            </a>
          </li>
        ))}
        {pages.length > ON_PHONE_BAR && (
          <li class="more">
            <button type="button" aria-expanded={isMoreOpen} onClick={() => setMore(!isMoreOpen)}>
              <Icon name="more" />
              <span>More</span>
            </button>
          </li>
        )}
      </ul>
    </nav>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <table class="keys">
        <tbody>
          {myPages().map((place) => (
            <tr key={place.key}>
              <th scope="row">
                <kbd>g</kbd> <kbd>{place.letter}</kbd>
              </th>
              <td>{place.title}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <kbd>x</kbd>
            </th>
            <td>Mute or unmute the alarm sound</td>
          </tr>
          <tr>
            <th scope="row">
              <kbd>←</kbd> <kbd>→</kbd> <kbd>+</kbd> <kbd>−</kbd>
            </th>
            <td>Move and zoom the map or a chart that has the focus</td>
          </tr>
        </tbody>
      </table>
      <div class="deeds">
        <button type="button" class="button main" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
