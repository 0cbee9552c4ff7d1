/** Goes to another place in a document that was asked about, and sees that it is prepared. */

const assert = require("node:assert/strict");
const vscode = require("vscode");

const { openAtEnd, startBantam, type, until } = require("./support");

exports.run = async () => {
  await startBantam();
  const editor = await openAtEnd("add.py");
  await type("    ");
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  await until("suggestion", async () => (await status()).outcomes.shown);
  assert.equal((await status()).prepared, 0, "a question prepares its place by itself");

  const place = new vscode.Position(0, 0);
  editor.selection = new vscode.Selection(place, place);
  await until("prepared place", async () => (await status()).prepared);
};

function status() {
  return vscode.commands.executeCommand("bantam.status");
}
