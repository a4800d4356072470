import { connect } from "@hospes/bridge";
import "@hospes/bridge/page.css";
import { mount } from "svelte";
import App from "./App.svelte";

const bridge = await connect();
mount(App, { target: document.body, props: { bridge } });
