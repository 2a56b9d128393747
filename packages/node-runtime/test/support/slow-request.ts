import { KeptAlive, type Target } from "./client.js";

/** A request that is under way until its client finishes it: the answer has begun, and follows what is sent. */
export class SlowRequest {
  readonly client: KeptAlive;

  private constructor(client: KeptAlive) {
    this.client = client;
  }

  static async begin(target: Target): Promise<SlowRequest> {
    const client = await KeptAlive.open(target);
    client.socket.write(
      "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
    );
    if (!(await client.until((text) => text.includes("one"))))
      throw new Error(`no answer begins: ${client.ended}`);
    return new SlowRequest(client);
  }

  get generation(): number {
    return Number(/^x-generation: (\d+)\r$/im.exec(this.client.received.toString("latin1"))?.[1]);
  }

  /** Sends the rest. Returns whether the whole answer came. */
  async finish(): Promise<boolean> {
    this.client.socket.write("3\r\ntwo\r\n0\r\n\r\n");
    const finished = await this.client.until((text) => text.endsWith("0\r\n\r\n") && text.includes("two"));
    this.client.close();
    return finished;
  }
}
