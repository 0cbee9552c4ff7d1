/** Where VS Code comes in: puts the parts together, and registers what the palette offers. */

import * as vscode from "vscode";

import { BantamClient } from "./client";
import { CursorWatch } from "./cursor";
import { StatusItem } from "./status";

let client: BantamClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Bantam", { log: true });
  const status = new StatusItem();
  client = new BantamClient(context.extension, log, status);
  const started = client;
  context.subscriptions.push(
    log,
    status,
    new CursorWatch((document, position) => started.onRest(document, position)),
    vscode.commands.registerCommand("bantam.restartServer", () => started.restart()),
    vscode.commands.registerCommand("bantam.showLog", () => log.show()),
    vscode.commands.registerCommand("bantam.openSettings", openSettings),
    vscode.commands.registerCommand("bantam.showMenu", showMenu),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("bantam")) {
        // The engine is a process of its own and keeps its model, so this takes a second.
        void started.restart();
      }
    }),
  );
  void started.start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
  client = undefined;
}

async function openSettings(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openSettings", "bantam.");
}

/** What a click on the status bar item offers. */
async function showMenu(): Promise<void> {
  const choices = [
    { label: "$(output) Show the log", command: "bantam.showLog" },
    { label: "$(debug-restart) Restart the server", command: "bantam.restartServer" },
    { label: "$(gear) Open the settings", command: "bantam.openSettings" },
  ];
  const chosen = await vscode.window.showQuickPick(choices, { title: "Bantam" });
  if (chosen) {
    await vscode.commands.executeCommand(chosen.command);
  }
}
