/** Kills the server, and waits until another one answers. */

const fs = require("node:fs");
const assert = require("node:assert/strict");
const vscode = require("vscode");

const { startBantam, until } = require("./support");

exports.run = async () => {
  await startBantam();
  const [killed, ...others] = servers();
  assert.ok(killed, "the server is a child of the extension host");
  assert.deepEqual(others, []);

  process.kill(killed, "SIGKILL");

  const [started] = await until("other server", () => {
    const running = servers().filter((pid) => pid !== killed);
    return running.length > 0 && running;
  });
  await until("answer of the other server", async () => {
    const status = await vscode.commands.executeCommand("bantam.status").then(
      (answer) => answer,
      () => undefined, // The command is away until the new server has offered it.
    );
    return status?.model;
  });
  assert.deepEqual(servers(), [started]);
};

/** The ids of the running servers that this extension host started. */
function servers() {
  const children = fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  return children
    .split(" ")
    .filter(Boolean)
    .map(Number)
    .filter((pid) => commandOf(pid).includes("serve"));
}

function commandOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // It has ended.
  }
}
