/** The Firefox of the machine, where there is one. */
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Browser } from "./page.js";

const program = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["firefox", "firefox-esr"].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Why there is no Firefox here, or undefined where there is one. */
export const noFirefox: string | undefined =
  program === undefined ? "no firefox or firefox-esr in the PATH (Debian: apt-get install firefox-esr)" : undefined;

/** Nothing but the page: no first-run pages, reports or updates. */
const PREFERENCES = {
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
};

export const firefox: Browser = {
  name: "Firefox",
  async command(url, profile) {
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    const args = ["--headless", "--no-remote", "--profile", profile, url];
    return { file: program!, args, env: { ...process.env, HOME: profile } };
  },
};
