/** The library's client, set up for Bantam: what it sends, and that it never pops up by itself. */

import * as os from "node:os";

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import { userSettings, workspaceSettings } from "./settings";

/** Documents that the model may see: files and new texts, not output panes or old revisions. */
const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }];

export interface Surroundings {
  readonly extension: vscode.Extension<unknown>;
  readonly log: vscode.LogOutputChannel;
  /** Called when the connection is closed and nobody asked for it. */
  readonly onClosed: () => void;
}

/** Returns a client that is not started yet. */
export function newLanguageClient(program: string, surroundings: Surroundings): LanguageClient {
  return new QuietLanguageClient(
    "bantam",
    "Bantam",
    // Not the workspace as its folder: nothing there may decide what is loaded.
    { command: program, args: ["serve", "--stdio"], options: { cwd: os.homedir() } },
    clientOptions(surroundings),
  );
}

/** Logs what the library would show: a failed request is no reason to interrupt typing. */
class QuietLanguageClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  override warn(message: string, data?: unknown): void {
    super.warn(message, data, false);
  }

  override info(message: string, data?: unknown): void {
    super.info(message, data, false);
  }
}

function clientOptions(surroundings: Surroundings): LanguageClientOptions {
  const { extension, log, onClosed } = surroundings;
  return {
    documentSelector: DOCUMENTS,
    outputChannel: log,
    initializationOptions: () => userSettings(extension),
    // The problem is shown by whoever started the client.
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        onClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      workspace: {
        configuration: (params, token, next) =>
          params.items.every((item) => item.section === "bantam")
            ? params.items.map(() => workspaceSettings(extension))
            : next(params, token),
        // A change of settings restarts the server, so it needs no notice of it; the library's
        // would carry every default.
        didChangeConfiguration: async () => {},
      },
    },
  };
}
