/** Looks which model counts: the user's, although the workspace names another one. */

const assert = require("node:assert/strict");
const vscode = require("vscode");

const { startBantam } = require("./support");

exports.run = async () => {
  await startBantam();

  const { model } = await vscode.commands.executeCommand("bantam.status");

  assert.equal(model, "fake");
};
