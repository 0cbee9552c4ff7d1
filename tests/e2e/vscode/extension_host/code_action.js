/** Has the body of a function written by a code action, and takes it back. */

const assert = require("node:assert/strict");
const vscode = require("vscode");

const { openAtEnd, startBantam, until } = require("./support");

/** `test_vscode.py` writes the same into the file. */
const BEFORE = "def add(a, b):\n    pass\n";
const AFTER = "def add(a, b):\n    return a + b\n";
const TITLE = "Bantam: Write the body of add";

exports.run = async () => {
  await startBantam();
  const editor = await openAtEnd("add.py");
  const { document } = editor;
  assert.equal(document.getText(), BEFORE);
  const place = new vscode.Position(1, 4);
  editor.selection = new vscode.Selection(place, place);

  const chosen = await until("offer", () => offered(document, place));
  await applyFirst(chosen);
  await until("written body", () => document.getText() !== BEFORE);
  assert.equal(document.getText(), AFTER);

  await vscode.commands.executeCommand("undo");
  assert.equal(document.getText(), BEFORE, "one undo takes the whole body back");
};

/** Returns the code action at a place, not resolved: no model has run for it. */
async function offered(document, place) {
  const actions = await vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider",
    document.uri,
    new vscode.Range(place, place),
  );
  return actions.find(({ title }) => title === TITLE);
}

/** Has the workbench resolve and apply the first action of its kind, as a key binding does. */
async function applyFirst(action) {
  assert.equal(action.edit, undefined, "an offer has no edit yet");
  await vscode.commands.executeCommand("editor.action.codeAction", {
    kind: action.kind.value,
    apply: "first",
  });
}
