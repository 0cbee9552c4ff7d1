/**
 * What passes between Bantam's server and this extension beyond the protocol's own messages.
 *
 * Mirrors `lsp_server/server`: `requests/execute_command.py`, `requests/cursor_rest.py` and
 * `loading_progress.py`.
 * The command `bantam.accepted` is not here: suggestions carry it, and the library sends it on.
 * VS Code does not tell an extension that a suggestion was dismissed.
 */

import type * as vscode from "vscode";
import { ExecuteCommandRequest, type LanguageClient } from "vscode-languageclient/node";

/** The server's progress tokens for loading a model begin with this. */
const LOADING_TOKEN_PREFIX = "bantam-loading-";

/** The answer to the command `bantam.status`. */
export interface ServerStatus {
  /** Catalogue id, or absolute path of a GGUF file. */
  readonly model: string;
  /** How many questions for a suggestion ended in which way. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many places were prepared where the cursor rested. */
  readonly prepared: number;
  /** How many suggestions were `accepted` and `dismissed`. */
  readonly suggestions: Readonly<Record<string, number>>;
}

/** Asks the server how it is doing. */
export async function askForStatus(client: LanguageClient): Promise<ServerStatus> {
  return client.sendRequest(ExecuteCommandRequest.type, { command: "bantam.status" });
}

/** Tells the server that the cursor came to a place, for when the person types there. */
export async function tellOfRest(
  client: LanguageClient,
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<void> {
  const uri = client.code2ProtocolConverter.asUri(document.uri);
  await client.sendRequest(ExecuteCommandRequest.type, {
    command: "bantam.cursorRested",
    arguments: [{ uri, position: client.code2ProtocolConverter.asPosition(position) }],
  });
}

/** Whether a progress is that of loading a model. */
export function isLoading(token: number | string): boolean {
  return typeof token === "string" && token.startsWith(LOADING_TOKEN_PREFIX);
}
