import assert from "node:assert/strict";
import { test } from "node:test";

import { RestartPolicy } from "../src/crashes";

const MINUTE_MS = 60_000;

test("a server that keeps ending is started three times and then left alone", () => {
  const policy = new RestartPolicy();

  const answers = [0, 1, 2, 3].map((second) => policy.tryRestart(second * 1000));

  assert.deepEqual(answers, [true, true, true, false]);
});

test("crashes of more than three minutes ago do not count", () => {
  const policy = new RestartPolicy();
  [0, 1, 2].forEach((second) => policy.tryRestart(second * 1000));

  assert.equal(policy.tryRestart(4 * MINUTE_MS), true);
});
