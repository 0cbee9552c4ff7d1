/** The item in the status bar: which model answers, and how it is. */

import * as vscode from "vscode";

export type Status =
  | { readonly state: "starting" }
  | { readonly state: "loading"; readonly percentage?: number; readonly message?: string }
  | { readonly state: "ready" }
  | { readonly state: "problem"; readonly message: string }
  | { readonly state: "stopped" };

export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private status: Status = { state: "stopped" };
  private model = "";

  constructor() {
    this.item = vscode.window.createStatusBarItem("bantam", vscode.StatusBarAlignment.Right, 100);
    this.item.name = "Bantam";
    this.item.command = "bantam.showMenu";
    this.render();
    this.item.show();
  }

  /** Shows a state; the model's name stays. */
  show(status: Status): void {
    this.status = status;
    this.render();
  }

  /** Names the model that answers. */
  showModel(model: string): void {
    this.model = model;
    this.render();
  }

  dispose(): void {
    this.item.dispose();
  }

  private render(): void {
    const isProblem = this.status.state === "problem";
    this.item.text = `${iconOf(this.status)} ${this.model || "Bantam"}${percentageOf(this.status)}`;
    this.item.tooltip = `Bantam: ${sentenceOf(this.status, this.model)}`;
    this.item.backgroundColor = isProblem
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
  }
}

function iconOf(status: Status): string {
  switch (status.state) {
    case "starting":
    case "loading":
      return "$(loading~spin)";
    case "ready":
      return "$(zap)";
    case "problem":
      return "$(warning)";
    case "stopped":
      return "$(circle-slash)";
  }
}

function percentageOf(status: Status): string {
  return status.state === "loading" && status.percentage !== undefined
    ? ` ${status.percentage} %`
    : "";
}

function sentenceOf(status: Status, model: string): string {
  switch (status.state) {
    case "starting":
      return "the server is starting";
    case "loading":
      return status.message ?? `${model || "the model"} is being loaded`;
    case "ready":
      return model ? `ready with ${model}` : "ready";
    case "problem":
      return status.message;
    case "stopped":
      return "the server is not running";
  }
}
