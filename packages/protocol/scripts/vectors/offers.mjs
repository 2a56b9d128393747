import { bytes, frame, text } from "./bytes.mjs";
import { fullOffer, fullOfferJustOne, offerOfNoAddresses } from "./messages.mjs";

export const validOffers = [
  ["one listener", fullOfferJustOne],
  ["every kind of address", fullOffer],
  ["hosts that only look like addresses", offerOfNoAddresses],
];

const type = text("type");

function futureOffer() {
  const later = [text("listeners2"), 0x91, 0x81, text("kind"), text("vsock"), text("ticket"), "c4 02 0102"];
  return frame(
    bytes(
      0x8a,
      type,
      text("offer"),
      [text("protocol"), 0x83, text("min"), 7, text("max"), 9, text("preferred"), 8].flat(),
      [text("generation"), 2, text("parent"), 0x82, text("pid"), 1, text("start"), text("99")].flat(),
      [text("channel"), 3, text("listeners"), 0x90].flat(),
      [text("deadlines"), 0x82, text("commitMs"), 1, text("adoptMs"), 2, text("features"), 0x90].flat(),
      ...later,
    ),
  );
}

/** Offers of a later version, with keys that do not exist yet. */
export const futureOffers = [
  [
    "version 7 to 9, with more keys at every level: readable, so that the child can refuse",
    futureOffer(),
    {
      type: "offer",
      protocol: { min: 7, max: 9 },
      generation: 2,
      parent: { pid: 1 },
      channel: 3,
      listeners: [],
      deadlines: { commitMs: 1 },
      features: [],
    },
  ],
];

const encode = (value) => Buffer.from(value).toString("base64url");
const commit = frame(bytes(0x81, type, text("commit")));
const good = encode(futureOffer());

/** The text of a good offer whose frame has this remainder, divided by 3. */
function offerText(remainder) {
  return encode(["", "a", "aa"].map(offerWithFeature).find((frame) => frame.length % 3 === remainder));
}

/** Sets one of the four bits that base64url leaves over behind a last single byte. */
function withBitsLeft(text) {
  const next = { A: "B", Q: "R", g: "h", w: "x" };
  return text.slice(0, -1) + next[text.at(-1)];
}

function offerWithFeature(suffix) {
  return frame(
    bytes(
      [0x88, type, text("offer"), text("protocol"), 0x82, text("min"), 1, text("max"), 1].flat(),
      [text("generation"), 2, text("parent"), 0x81, text("pid"), 1, text("channel"), 3].flat(),
      [text("listeners"), 0x90, text("deadlines"), 0x81, text("commitMs"), 1].flat(),
      [text("features"), 0x91, text(`f${suffix}`)].flat(),
    ),
  );
}

/** [what is wrong, the text]: all OFFER_INVALID. */
export const refusedOffers = [
  ["the empty text", ""],
  ["no base64url", "an offer?"],
  ["base64 with padding", `${encode(commit)}==`],
  ["base64's other characters", "AAAAAYA+/w"],
  ["white space at the end", `${good}\n`],
  ["a length that base64url cannot have", `${offerText(0)}A`],
  ["bits left over", withBitsLeft(offerText(1))],
  ["a character above 127", `${good}é`],
  ["the first half", good.slice(0, 40)],
  ["a frame cut short", encode(commit.subarray(0, 9))],
  ["an empty frame", encode(bytes("00000000"))],
  ["bytes behind the frame", encode(bytes(futureOffer(), 0))],
  ["two frames", encode(bytes(futureOffer(), futureOffer()))],
  ["a frame that is no MessagePack", encode(frame(bytes("c1")))],
  ["another message", encode(commit)],
  ["an ignorable message", encode(frame(bytes(0x82, type, text("hint"), text("ignorable"), 0xc3)))],
  ["an offer without its fields", encode(frame(bytes(0x81, type, text("offer"))))],
  ["more than 98,304 characters", "A".repeat(98_305)],
];
