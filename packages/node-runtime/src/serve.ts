import type { Server } from "node:net";
import type { Generation } from "./generation.js";
import { joinGeneration } from "./join-generation.js";
import type { ListenOptions } from "./listener/options.js";
import type { GenerationOptions } from "./options.js";

/**
 * The whole of it for a service with one server: joins, listens, says ready. Resolves once this generation is owner.
 * @throws HandoffError as `joinGeneration` and `Generation.listen` do
 */
export async function serve(
  server: Server,
  listen: ListenOptions,
  options?: GenerationOptions,
): Promise<Generation> {
  const generation = await joinGeneration(options);
  await generation.listen(server, listen);
  await generation.ready();
  return generation;
}
