/** The library's client, set up for Bantam: what it sends, and that it never pops up by itself. */

import * as os from "node:os";

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  MessageType,
  type Middleware,
  ShowMessageNotification,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from "vscode-languageclient/node";

import { isLoading } from "./messages";
import { userSettings, workspaceSettings } from "./settings";

/** Documents that the model may see: files and new texts, not output panes or old revisions. */
export const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }];

export type Progress = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

/** Who is told what the server does. */
export interface Listener {
  /** The connection is closed, and nobody asked for it. */
  onClosed(): void;
  /** A model is being loaded. */
  onLoading(progress: Progress): void;
  /** The server has something to say. */
  onMessage(type: MessageType, message: string): void;
  /** There is a suggestion, so everything works. */
  onSuggestion(): void;
}

/** Returns a client that is not started yet. */
export function newLanguageClient(
  program: string,
  extension: vscode.Extension<unknown>,
  log: vscode.LogOutputChannel,
  listener: Listener,
): LanguageClient {
  const client = new QuietLanguageClient(
    "bantam",
    "Bantam",
    // Not the workspace as its folder: nothing there may decide what is loaded.
    { command: program, args: ["serve", "--stdio"], options: { cwd: os.homedir() } },
    clientOptions(extension, log, listener),
  );
  client.onNotification(ShowMessageNotification.type, ({ type, message }) =>
    listener.onMessage(type, message),
  );
  return client;
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

function clientOptions(
  extension: vscode.Extension<unknown>,
  log: vscode.LogOutputChannel,
  listener: Listener,
): LanguageClientOptions {
  return {
    documentSelector: DOCUMENTS,
    outputChannel: log,
    initializationOptions: () => userSettings(extension),
    // Whoever starts the client shows why it could not be started.
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        listener.onClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: middleware(extension, listener),
  };
}

function middleware(extension: vscode.Extension<unknown>, listener: Listener): Middleware {
  return {
    handleWorkDoneProgress: (token, progress, next) =>
      isLoading(token) ? listener.onLoading(progress) : next(token, progress),
    provideInlineCompletionItems: async (document, position, context, token, next) => {
      const suggestions = await next(document, position, context, token);
      if (suggestions && ("items" in suggestions ? suggestions.items : suggestions).length > 0) {
        listener.onSuggestion();
      }
      return suggestions;
    },
    workspace: {
      configuration: (params, token, next) =>
        params.items.every((item) => item.section === "bantam")
          ? params.items.map(() => workspaceSettings(extension))
          : next(params, token),
      // A change of settings restarts the server, so it needs no notice of it; the library's
      // would carry every default.
      didChangeConfiguration: async () => {},
    },
  };
}
