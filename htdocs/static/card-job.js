/* One job of the card helper: begun, followed event by event, answered, stopped. */
import { call } from "./card-link.js";

const RETRIES = 5;

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class Job {
  constructor(id) {
    this.id = id;
    this.seen = 0;
    this.stopped = false;
  }

  /* {job}, or what was answered instead. */
  static async begin(order) {
    const answer = await call("/v1/jobs", { method: "POST", body: order });
    return answer.status === 201 ? { job: new Job(answer.data.job) } : { status: answer.status, ...answer.data };
  }

  path(more = "") {
    return "/v1/jobs/" + this.id + more;
  }

  /* Calls on(event) for each; returns the last one, or null if the helper is lost or the job was stopped. */
  async follow(on) {
    let failures = 0;
    while (!this.stopped) {
      const answer = await call(this.path("?after=" + this.seen));
      if (this.stopped || (answer.status !== 0 && answer.status !== 200)) {
        return null;
      }
      if (answer.status === 0) {
        failures += 1;
        if (failures > RETRIES) {
          return null;
        }
        await pause(1000);
        continue;
      }
      failures = 0;
      for (const event of answer.data.events) {
        this.seen = event.n;
        on(event);
        if (event.type === "done" || event.type === "fault") {
          call(this.path("?after=" + this.seen)); /* seen: nothing needs to be kept */
          return event;
        }
      }
    }
    return null;
  }

  answer(question, reply) {
    return call(this.path("/answer"), { method: "POST", body: { question, ...reply } });
  }

  stop(leaving = false) {
    this.stopped = true;
    return call(this.path(), { method: "DELETE", keepalive: leaving });
  }
}

export async function stopOther(id) {
  await new Job(id).stop();
  await pause(1500);
}
