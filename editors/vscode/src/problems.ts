/** Tells the user what is wrong, once, with the buttons that help. */

import * as vscode from "vscode";

import { ServerNotFound } from "./executable";

const BUTTONS = {
  "Open Settings": "bantam.openSettings",
  "Show Log": "bantam.showLog",
  "Restart": "bantam.restartServer",
} as const;

type Button = keyof typeof BUTTONS;

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
  await showProblem(problemText(error), [remedy, "Restart"]);
}

/** Shows that the server ended by itself too often. */
export async function showCrashes(message: string): Promise<void> {
  await showProblem(message, ["Show Log", "Restart"]);
}

async function showProblem(message: string, buttons: readonly Button[]): Promise<void> {
  const chosen = await vscode.window.showErrorMessage(message, ...buttons);
  if (chosen) {
    await vscode.commands.executeCommand(BUTTONS[chosen]);
  }
}
