/** Where the cursor comes to rest, the server prepares for what may be typed there. */

import * as vscode from "vscode";

import { DOCUMENTS } from "./language_client";

/** A cursor that stays for so long has probably arrived; the server waits a little longer. */
const REST_MS = 200;

export type OnRest = (document: vscode.TextDocument, position: vscode.Position) => void;

export class CursorWatch implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly subscription: vscode.Disposable;

  constructor(private readonly onRest: OnRest) {
    this.subscription = vscode.window.onDidChangeTextEditorSelection(({ textEditor }) =>
      this.onMoved(textEditor),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
  }

  private onMoved(editor: vscode.TextEditor): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { document, selection, selections } = editor;
      const isAtOnePlace = selections.length === 1 && selection.isEmpty;
      const isThere = editor === vscode.window.activeTextEditor;
      if (isAtOnePlace && isThere && vscode.languages.match(DOCUMENTS, document) > 0) {
        this.onRest(document, selection.active);
      }
    }, REST_MS);
  }
}
