/** Light, dark, or as the device says. */

import { kept } from "./kept";

export const THEMES = ["auto", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];
export const theme = kept<Theme>("theme", THEMES, "auto");

theme.subscribe((value) => {
  document.documentElement.dataset["theme"] = value;
});

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
}
