/** Types into a file, accepts the suggestion, takes it back, does it again and saves. */

const assert = require("node:assert/strict");
const vscode = require("vscode");

const { openAtEnd, startBantam, type, until } = require("./support");

/** A machine that is busy may take longer for one answer than the server waits. */
const ASK_AGAIN_MS = 15_000;

exports.run = async () => {
  await startBantam();
  const { document } = await openAtEnd("reader.py");
  await type("            lines.app");
  const typed = document.getText();

  await acceptSuggestion(document);
  const accepted = document.getText();
  await vscode.commands.executeCommand("undo");
  assert.equal(document.getText(), typed, "one undo takes the whole suggestion back");
  await vscode.commands.executeCommand("redo");
  assert.equal(document.getText(), accepted);
  await until("notice that it was accepted", async () => {
    const { suggestions } = await vscode.commands.executeCommand("bantam.status");
    return suggestions.accepted === 1;
  });

  await document.save();
};

/** Asks for a suggestion and commits it as soon as there is one to commit. */
async function acceptSuggestion(document) {
  const before = document.getText();
  let nextAskMs = 0;
  await until("suggestion", async () => {
    if (Date.now() > nextAskMs) {
      nextAskMs = Date.now() + ASK_AGAIN_MS;
      await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    }
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    return document.getText() !== before;
  });
}
