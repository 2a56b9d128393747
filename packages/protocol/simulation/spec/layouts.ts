import type { Layout } from "./diagram.js";

export const parentLayout: Layout = {
  width: 1730,
  height: 760,
  places: {
    serving: [230, 360],
    spawning: [460, 360],
    offering: [690, 360],
    preparing: [915, 360],
    parking: [1130, 360],
    transferring: [1360, 360],
    committing: [1640, 360],
    aborting: [940, 160],
    ending: [1300, 60],
    stopping: [80, 60],
    fencing: [1300, 510],
    draining: [1640, 670],
    departing: [1300, 660],
    left: [80, 670],
  },
  groups: [
    {
      name: "before commit",
      members: ["offering", "preparing", "parking", "transferring"],
      label: "the child runs, and was not sent commit",
    },
  ],
  junctions: [
    {
      name: "not committed",
      event: "childExited",
      from: ["before commit", "aborting", "ending"],
      place: [600, 110],
    },
    { name: "fenced", event: "childExited", from: ["committing", "fencing"], place: [760, 510] },
  ],
  bends: {
    "serving spawning": -16,
    "spawning serving": -16,
    "parking committing": 38,
    "draining left": -24,
    "draining serving": 45,
    "spawning stopping": -14,
  },
  owners: ["serving", "spawning", "offering", "preparing", "parking", "transferring", "aborting", "ending"],
};

export const childLayout: Layout = {
  width: 1340,
  height: 620,
  places: {
    booting: [90, 250],
    preparing: [320, 250],
    ready: [620, 250],
    succeeding: [930, 250],
    relinquishing: [930, 440],
    owner: [1250, 250],
    founding: [90, 60],
    orphaned: [470, 110],
    left: [470, 560],
  },
  groups: [],
  junctions: [],
  bends: {
    "succeeding relinquishing": 46,
    "relinquishing succeeding": 46,
    "ready owner": -42,
    "founding owner": -50,
    "ready relinquishing": 30,
  },
  owners: ["succeeding", "relinquishing", "owner"],
};
