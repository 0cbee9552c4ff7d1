/** What the tests in the extension host share. */

const vscode = require("vscode");

const PATIENCE_MS = 100_000;

/** Starts the packaged extension that is installed in this VS Code, and waits for its server. */
async function startBantam() {
  const extension = vscode.extensions.getExtension("bantam.bantam");
  if (!extension) {
    throw new Error("the extension bantam.bantam is not installed");
  }
  await extension.activate();
  await until("server", async () => {
    const commands = await vscode.commands.getCommands(true);
    return commands.includes("bantam.status");
  });
}

/** Opens a file of the workspace with the cursor at its end. */
async function openAtEnd(name) {
  const [folder] = vscode.workspace.workspaceFolders;
  const uri = vscode.Uri.joinPath(folder.uri, name);
  const editor = await vscode.window.showTextDocument(uri);
  const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(end, end);
  return editor;
}

/** Types at the cursor. */
async function type(text) {
  await vscode.commands.executeCommand("type", { text });
}

/** Waits until `question` gives something true, and returns that. */
async function until(what, question) {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const answer = await question();
    if (answer) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`after ${PATIENCE_MS} ms there is still no ${what}`);
}

module.exports = { openAtEnd, startBantam, type, until };
