/** Types into a file, accepts the suggestion, takes it back, does it again and saves. */

const assert = require("node:assert/strict");
const vscode = require("vscode");

const { activateBantam, openAtEnd, type, until } = require("./support");

exports.run = async () => {
  await activateBantam();
  const { document } = await openAtEnd("reader.py");
  await type("        for line in file");
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
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  await until("suggestion", async () => {
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    return document.getText() !== before;
  });
}
