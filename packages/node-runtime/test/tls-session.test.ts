import { expect, test } from "vitest";
import { type Config, fixture, Service } from "./support/service.js";
import { askWithSession } from "./support/tls-session.js";

/** Each release has a command line of its own, as one that is started from a folder of its own has. */
const release = (number: number, server: "certified" | "certifiedHttp2" = "certified"): Config => ({
  listeners: [{ name: "default", server, host: "127.0.0.1", port: 0 }],
  options: { spawn: { argv: [fixture("service.mjs"), `--release=${number + 1}`] } },
});

const versions = ["TLSv1.2", "TLSv1.3"] as const;

// Red without the carrying of the keys, and, for the command lines differ, without the parent's sessionIdContext.
test.each(versions)("%s sessions are resumed with each later generation", async (version) => {
  const service = await Service.start(release(1));
  const target = await service.target();
  let { session, resumed } = await askWithSession(target, version);
  expect(resumed).toBe(false);
  for (const generation of [2, 3]) {
    service.configure(release(generation));
    await service.succeed();
    const outcome = await askWithSession(target, version, session);
    expect(outcome).toMatchObject({ resumed: true, generation });
    session = outcome.session;
  }
});

test.each(versions)("%s sessions are not resumed where the keys do not travel", async (version) => {
  const service = await Service.start(release(1));
  const target = await service.target();
  const { session } = await askWithSession(target, version);
  service.configure({ ...release(2), before: "knowsNoFeatures" });
  await service.succeed();
  expect(await askWithSession(target, version, session)).toMatchObject({ resumed: false, generation: 2 });
});

test.each(versions)(
  "%s sessions of a child are resumed with its parent after a rollback",
  async (version) => {
    const service = await Service.start({
      ...release(1),
      options: { ...release(1).options, probationMs: 20_000 },
    });
    const target = await service.target();
    const { pid } = service;
    service.signal("SIGHUP");
    const child = await service.owner(2);
    const { session, generation } = await askWithSession(target, version);
    expect(generation).toBe(2);
    service.signal("SIGKILL", child.pid);
    await service.until("handoff", { pid, outcome: "rolledBack" });
    expect(await askWithSession(target, version, session)).toMatchObject({ resumed: true, generation: 1 });
    service.configure(release(2));
    await service.succeed();
    expect(await askWithSession(target, version, session)).toMatchObject({ resumed: true, generation: 2 });
  },
);

test("sessions of an HTTP/2 server are resumed, too", async () => {
  const service = await Service.start(release(1, "certifiedHttp2"));
  const target = await service.target();
  const { session } = await askWithSession(target, "TLSv1.3");
  service.configure(release(2, "certifiedHttp2"));
  await service.succeed();
  expect(await askWithSession(target, "TLSv1.3", session)).toMatchObject({ resumed: true, generation: 2 });
});

test("a sessionIdContext of the application's own is kept", async () => {
  const service = await Service.start({ ...release(1), tls: { sessionIdContext: "a" } });
  const target = await service.target();
  const { session } = await askWithSession(target, "TLSv1.3");
  service.configure({ ...release(2), tls: { sessionIdContext: "a" } });
  await service.succeed();
  expect(await askWithSession(target, "TLSv1.3", session)).toMatchObject({ resumed: true });
  service.configure({ ...release(3), tls: { sessionIdContext: "b" } });
  await service.succeed();
  expect(await askWithSession(target, "TLSv1.3", session)).toMatchObject({ resumed: false });
});
