/**
 * What the user set in VS Code, in the shape that the server reads: `{"completion": {...}}`.
 *
 * Only values that somebody set are sent: a default sent from here would hide the user's own
 * `config.toml`.  The list of settings is the one of package.json, generated from the server's.
 */

import * as vscode from "vscode";

export type SettingGroups = Record<string, Record<string, unknown>>;

interface Contribution {
  readonly scope?: string;
}

const SECTION = "bantam";
const SERVER_PATH = "serverPath";

/** The path of the server's program that the user set, or an empty text. */
export function serverPath(): string {
  return inspect(SERVER_PATH)?.globalValue?.toString() ?? "";
}

/** What the user set for all windows; goes into `initializationOptions`. */
export function userSettings(extension: vscode.Extension<unknown>): SettingGroups {
  return grouped(keysOf(extension), (key) => inspect(key)?.globalValue);
}

/** What the workspace set, of what it may set; answers `workspace/configuration`. */
export function workspaceSettings(extension: vscode.Extension<unknown>): SettingGroups {
  const isOpenToWorkspaces = ({ scope }: Contribution): boolean => scope !== "machine";
  return grouped(keysOf(extension, isOpenToWorkspaces), (key) => inspect(key)?.workspaceValue);
}

function inspect(key: string) {
  return vscode.workspace.getConfiguration(SECTION).inspect<unknown>(key);
}

/** Keys such as `completion.max_tokens`. */
function keysOf(
  extension: vscode.Extension<unknown>,
  isWanted: (contribution: Contribution) => boolean = () => true,
): string[] {
  const properties: Record<string, Contribution> =
    extension.packageJSON.contributes.configuration.properties;
  return Object.entries(properties)
    .filter(([, contribution]) => isWanted(contribution))
    .map(([key]) => key.slice(SECTION.length + 1))
    .filter((key) => key !== SERVER_PATH);
}

function grouped(keys: readonly string[], valueOf: (key: string) => unknown): SettingGroups {
  const groups: SettingGroups = {};
  for (const key of keys) {
    const [group, name] = key.split(".");
    const value = valueOf(key);
    if (group && name && value !== undefined) {
      groups[group] = { ...groups[group], [name]: value };
    }
  }
  return groups;
}
