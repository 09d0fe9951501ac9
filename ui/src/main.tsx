import { render } from "preact";
import { App } from "./app";
import { followAddress } from "./store/route";
import { now } from "./store/screen";
import { hurryBack } from "./store/session";
import { startSound } from "./store/sound";
import "./store/theme";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/config.css";

setInterval(() => (now.value = Date.now()), 1000);
addEventListener("online", hurryBack);
followAddress();
startSound();

const root = document.getElementById("app");
if (root) render(<App />, root);
