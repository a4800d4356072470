import { mount } from "svelte";
import App from "./App.svelte";
import { i18n } from "./i18n/index.svelte";
import "@hospes/bridge/tokens.css";
import "./app.css";

document.documentElement.lang = i18n.language;
const target = document.getElementById("app");
if (target !== null) mount(App, { target });
