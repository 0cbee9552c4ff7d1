/**
 * Finds the `bantam` program.
 *
 * A workspace must never choose what runs: the path comes from the user's own settings or from
 * PATH, is absolute, and neither it nor what it links to lies inside a workspace folder.
 * Knows nothing of VS Code, so that it is tested without one.
 */

import * as fs from "node:fs";
import * as path from "node:path";

export interface Surroundings {
  /** The setting `bantam.serverPath`; empty if the user did not set it. */
  readonly serverPath: string;
  /** The environment variable PATH. */
  readonly pathVariable: string;
  /** Absolute paths. */
  readonly workspaceFolders: readonly string[];
  /** The user's home folder, which a leading `~/` of the setting stands for. */
  readonly homeFolder: string;
  readonly isWindows: boolean;
}

/** No program can be started; the message says why and what to do. */
export class ServerNotFound extends Error {
  override readonly name = "ServerNotFound";
}

/**
 * Returns the absolute path of the program.
 *
 * @throws ServerNotFound if the setting cannot be used, or PATH has no such program.
 */
export function findServer(surroundings: Surroundings): string {
  return surroundings.serverPath.trim()
    ? fromSetting(surroundings.serverPath.trim(), surroundings)
    : fromPath(surroundings);
}

function fromSetting(setting: string, surroundings: Surroundings): string {
  const program = setting.replace(/^~(?=[/\\])/, surroundings.homeFolder);
  const problem = problemOf(program, surroundings);
  if (problem) {
    throw new ServerNotFound(
      `The setting bantam.serverPath is "${setting}", which ${problem}. ` +
        "Set it to the absolute path of the program `bantam`, or empty it to use PATH.",
    );
  }
  return program;
}

function problemOf(program: string, surroundings: Surroundings): string | undefined {
  if (!path.isAbsolute(program)) {
    return "is not an absolute path";
  }
  if (!isProgram(program, surroundings.isWindows)) {
    return "is not a program that can be started";
  }
  const folder = workspaceFolderOf(program, surroundings.workspaceFolders);
  return folder && `lies inside the workspace folder ${folder}; Bantam starts nothing from there`;
}

function fromPath(surroundings: Surroundings): string {
  const name = surroundings.isWindows ? "bantam.exe" : "bantam";
  const skipped: string[] = [];
  for (const folder of surroundings.pathVariable.split(path.delimiter)) {
    const program = path.join(folder, name);
    if (!path.isAbsolute(folder) || !isProgram(program, surroundings.isWindows)) {
      continue;
    }
    if (!workspaceFolderOf(program, surroundings.workspaceFolders)) {
      return program;
    }
    skipped.push(program);
  }
  const why = skipped.length
    ? `only ${skipped.join(" and ")}, and Bantam starts nothing from inside a workspace folder`
    : "no such program";
  throw new ServerNotFound(
    `Bantam's server is missing: PATH has ${why}. Install bantam-lsp as its README says, ` +
      "or set bantam.serverPath to the absolute path of the program `bantam`.",
  );
}

function isProgram(file: string, isWindows: boolean): boolean {
  try {
    fs.accessSync(file, isWindows ? fs.constants.F_OK : fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false; // It is missing, or the user may not use it: both mean "look further".
  }
}

/** Returns the workspace folder that holds the file, as it is named or as it really is. */
function workspaceFolderOf(file: string, folders: readonly string[]): string | undefined {
  const places = [path.resolve(file), fs.realpathSync.native(file)];
  return folders.find((folder) => {
    const roots = [path.resolve(folder), realPath(folder)];
    return places.some((place) => roots.some((root) => isInside(place, root)));
  });
}

function isInside(place: string, root: string): boolean {
  const steps = path.relative(root, place);
  return steps !== "" && steps.split(path.sep)[0] !== ".." && !path.isAbsolute(steps);
}

function realPath(folder: string): string {
  // A workspace may name a folder that was deleted.
  return fs.existsSync(folder) ? fs.realpathSync.native(folder) : path.resolve(folder);
}
