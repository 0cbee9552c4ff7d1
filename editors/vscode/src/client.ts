/** The running server: starting it, stopping it, and showing how it is. */

import * as os from "node:os";
import * as path from "node:path";

import * as vscode from "vscode";
import { type LanguageClient, MessageType, State } from "vscode-languageclient/node";

import { RestartPolicy } from "./crashes";
import { findServer } from "./executable";
import { type Listener, type Progress, newLanguageClient } from "./language_client";
import { askForStatus, tellOfRest } from "./messages";
import { problemText, showCrashes, showServerMessage, showStartProblem } from "./problems";
import { serverPath } from "./settings";
import type { StatusItem } from "./status";

/** A Python that is read from a cold disk takes a few seconds. */
const START_LIMIT_MS = 60_000;

export class BantamClient implements Listener {
  private client: LanguageClient | undefined;
  private readonly restarts = new RestartPolicy();
  /** The step that runs; a later one waits for it, so that two servers never run at once. */
  private step: Promise<void> = Promise.resolve();

  constructor(
    private readonly extension: vscode.Extension<unknown>,
    private readonly log: vscode.LogOutputChannel,
    private readonly status: StatusItem,
  ) {}

  /** Starts the server; a problem is shown and not thrown. */
  start(): Promise<void> {
    return this.inTurn(() => this.startNow());
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.stopNow());
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.stopNow();
      await this.startNow();
    });
  }

  /** Tells the server where the cursor came to rest; of no use while there is none. */
  onRest(document: vscode.TextDocument, position: vscode.Position): void {
    if (this.client?.state === State.Running) {
      tellOfRest(this.client, document, position).catch((error: unknown) =>
        this.log.warn(String(error)),
      );
    }
  }

  /** Starts a server that ended by itself again, or says that it does so too often. */
  onClosed(): void {
    if (this.client?.state !== State.Running) {
      return; // It never answered: `startNow` says why.
    }
    this.client = undefined;
    if (this.restarts.tryRestart(performance.now())) {
      void this.restart();
      return;
    }
    const message = "Bantam's server ended by itself four times in three minutes. The log says why.";
    this.status.show({ state: "problem", message });
    void showCrashes(message);
  }

  onLoading(progress: Progress): void {
    if (progress.kind === "end") {
      this.status.show({ state: "ready" });
    } else {
      this.status.show({ state: "loading", percentage: progress.percentage ?? 0 });
    }
  }

  onMessage(type: MessageType, message: string): void {
    if (type === MessageType.Error) {
      this.status.show({ state: "problem", message });
    }
    void showServerMessage(type, message);
  }

  onSuggestion(): void {
    this.status.show({ state: "ready" });
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.step = this.step.then(step);
    return this.step;
  }

  private async startNow(): Promise<void> {
    this.status.show({ state: "starting" });
    try {
      const program = findProgram();
      this.log.info(`Starting ${program}`);
      this.client = newLanguageClient(program, this.extension, this.log, this);
      await startWithin(START_LIMIT_MS, this.client);
      const { model } = await askForStatus(this.client);
      this.status.showModel(path.basename(model));
      this.status.show({ state: "ready" });
    } catch (error) {
      await this.stopNow();
      this.log.error(problemText(error));
      this.status.show({ state: "problem", message: problemText(error) });
      void showStartProblem(error);
    }
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.state === State.Running) {
      await client.dispose().catch((error: unknown) => this.log.error(String(error)));
    }
    this.status.show({ state: "stopped" });
  }
}

function findProgram(): string {
  return findServer({
    serverPath: serverPath(),
    pathVariable: process.env["PATH"] ?? "",
    workspaceFolders: (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === "file")
      .map((folder) => folder.uri.fsPath),
    homeFolder: os.homedir(),
    isWindows: process.platform === "win32",
  });
}

/** Starts the server; one that does not answer in time is ended. */
async function startWithin(limitMs: number, client: LanguageClient): Promise<void> {
  const timer = setTimeout(() => client.serverProcess?.kill(), limitMs);
  try {
    await client.start();
  } finally {
    clearTimeout(timer);
  }
}
