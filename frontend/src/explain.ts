// What the checks, alerts and gaps of hiq mean, and what one can do: in words for the
// person who runs the house. Keys are those of health checks and causes of gaps.

export interface Explained {
  title: string;
  meaning: string;
  todo: string;
}

const CHECKS: Record<string, Explained> = {
  home_assistant: {
    title: "Home Assistant",
    meaning: "Events come only while hiq is connected. What happens meanwhile is fetched from its recorder later.",
    todo: "Is Home Assistant running, and can this machine reach it? After a refused token make a new one. `hiq check` tries every step.",
  },
  journal: {
    title: "Journal",
    meaning: "Every event is written to this disk before anything else.",
    todo: "Free some space or raise `journal.max_bytes`; with a damaged disk `hiq journal verify` says what is lost.",
  },
  gaps: {
    title: "Gap",
    meaning: "For some span of time something may be missing in the database.",
    todo: "Look at Gaps; `hiq verify --repair` restores what Home Assistant's recorder still has.",
  },
  sink: {
    title: "Database",
    meaning: "The database does not take points now. They wait in the journal, nothing is lost.",
    todo: "Is it running, and are address, database and login right? `hiq check` writes and reads a test point.",
  },
  validation: {
    title: "Validation",
    meaning: "More events than usual could not be accepted.",
    todo: "Look at Refused: it names the reason of each.",
  },
  conservation: {
    title: "Counters",
    meaning: "What came in and what became of it do not add up. That is a fault of hiq.",
    todo: "Please report it, with what /health says.",
  },
  tasks: {
    title: "Task",
    meaning: "A part of hiq failed and is being started again.",
    todo: "If it stays, the log names the cause; please report it.",
  },
  registry: {
    title: "Registries",
    meaning: "Names, areas and labels could not be read; points may lack these tags.",
    todo: "The user of hiq's token must be allowed to read them; it is tried again by itself.",
  },
};

const GAPS: Record<string, { meaning: string; todo: string }> = {
  disconnected: {
    meaning: "hiq was not connected to Home Assistant.",
    todo: "It is filled from Home Assistant's recorder by itself.",
  },
  stopped: {
    meaning: "hiq did not run.",
    todo: "It is filled from Home Assistant's recorder by itself.",
  },
  past: {
    meaning: "The time before hiq was started for the first time.",
    todo: "It is filled as far as `backfill.first_start` says.",
  },
  journal_full: {
    meaning: "The journal was full, and something had to go.",
    todo: "Raise `journal.max_bytes`, or look why the database takes nothing; `hiq verify --repair` restores what the recorder has.",
  },
  journal_damaged: {
    meaning: "The disk lost or damaged a part of the journal.",
    todo: "Check the disk; `hiq verify --repair` restores what the recorder has.",
  },
  rejected: {
    meaning: "A database refused points for good.",
    todo: "They are kept: see Refused, mend the cause, then `hiq journal dead --retry`.",
  },
};

/** Explains a check by its name, such as `journal` or `sink:influxdb`. */
export function explainCheck(name: string): Explained {
  const [kind = "", detail] = name.split(":");
  const found = CHECKS[kind] ?? { title: detail ? `${titled(kind)}:` : titled(kind), meaning: "", todo: "" };
  return detail ? { ...found, title: `${found.title} ${detail}` } : found;
}

function titled(kind: string): string {
  const words = kind.replace(/^ha_/, "Home Assistant ").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function explainGap(cause: string, state: string): { meaning: string; todo: string } {
  const found = GAPS[cause] ?? { meaning: cause.replaceAll("_", " "), todo: "" };
  if (state === "repaired") return { ...found, todo: "" };
  if (state === "lost" && found.todo.includes("by itself")) {
    return { ...found, todo: "What the recorder does not have cannot come back; `hiq verify --repair` tries once more." };
  }
  return found;
}
