// Light or dark: as the system says, unless the person has chosen. Charts are told by the
// event `scheme`, because a canvas does not know CSS.

import { byId, setText } from "./dom";

const KEY = "hiq-scheme";
const CHOICES = ["auto", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];

export function followScheme(): void {
  const button = byId("theme");
  let choice = remembered();

  function apply(): void {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    setText(button, { auto: "◐", light: "☀", dark: "☾" }[choice]);
    button.setAttribute("aria-label", `Colours: ${choice}. Change`);
    button.title = `Colours: ${choice}`;
    dispatchEvent(new Event("scheme"));
  }

  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? "auto";
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // then the choice lives as long as the page
    }
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

function remembered(): Choice {
  try {
    const found = localStorage.getItem(KEY) as Choice | null;
    return found && CHOICES.includes(found) ? found : "auto";
  } catch {
    return "auto";
  }
}
