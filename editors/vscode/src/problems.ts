/** Tells the user what is wrong, once, with the buttons that help. */

import * as vscode from "vscode";
import { MessageType } from "vscode-languageclient/node";

import { ServerNotFound } from "./executable";

const BUTTONS = {
  "Open Settings": "bantam.openSettings",
  "Show Log": "bantam.showLog",
  "Restart": "bantam.restartServer",
} as const;

type Button = keyof typeof BUTTONS;
type Show = (message: string, ...buttons: Button[]) => Thenable<Button | undefined>;

/** Returns one sentence or two that a user can act on. */
export function problemText(error: unknown): string {
  if (error instanceof ServerNotFound) {
    return error.message;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `Bantam's server could not be started: ${reason}. The log says more.`;
}

/** Shows why the server could not be started; returns when the user has reacted. */
export async function showStartProblem(error: unknown): Promise<void> {
  const remedy = error instanceof ServerNotFound ? "Open Settings" : "Show Log";
  await show(vscode.window.showErrorMessage, problemText(error), [remedy, "Restart"]);
}

/** Shows that the server ended by itself too often. */
export async function showCrashes(message: string): Promise<void> {
  await show(vscode.window.showErrorMessage, message, ["Show Log", "Restart"]);
}

/** Shows what the server has to say; it says each thing once. */
export async function showServerMessage(type: MessageType, message: string): Promise<void> {
  switch (type) {
    case MessageType.Error:
      return show(vscode.window.showErrorMessage, message, ["Show Log"]);
    case MessageType.Warning:
      return show(vscode.window.showWarningMessage, message, ["Open Settings"]);
    default:
      return show(vscode.window.showInformationMessage, message, []);
  }
}

async function show(how: Show, message: string, buttons: readonly Button[]): Promise<void> {
  const chosen = await how(message, ...buttons);
  if (chosen) {
    await vscode.commands.executeCommand(BUTTONS[chosen]);
  }
}
